import Detection
import Frames
import Synchronization

/// A detector that was made and has answered a trial picture: what does not work is found before it
/// takes over, and its first frame does not pay for what is laid out at first use.
///
/// Whoever holds it hands it on: one thread uses it at a time, which is what `Sendable` asks for.
struct ProvenDetector: @unchecked Sendable {
  let name: String
  /// How it computes, in words.
  let engine: String
  let detector: any ObjectDetector

  /// - Throws: what making it throws, and what it throws or computes wrongly on the trial picture.
  init(_ prepared: PreparedDetector) throws {
    name = prepared.name
    (detector, engine) = try prepared.make()
    let trial = try Image(width: 640, height: 480, red: 124, green: 116, blue: 104)
    try Self.check(try detector.detect(trial).detections, classes: detector.classes.count)
  }

  /// Makes it on a thread of its own, beside whatever computes meanwhile.
  static func make(_ prepared: PreparedDetector) async throws -> ProvenDetector {
    let result = Made()
    let thread = try StageThread(name: "new model") {
      let made = Result { try ProvenDetector(prepared) }
      result.value.withLock { $0 = made }
    }
    await thread.join()
    guard let made = result.value.withLock({ $0 }) else { throw PipelineError.stopped }
    return try made.get()
  }

  private final class Made: Sendable {
    let value = Mutex<Result<ProvenDetector, any Error>?>(nil)
  }

  /// A detector that computes nonsense must not reach the publishers.
  /// - Throws: `PipelineError.detector`.
  static func check(_ detections: [Detection], classes: Int) throws {
    for detection in detections {
      let box = detection.box
      let isFinite = [box.x1, box.y1, box.x2, box.y2, detection.score].allSatisfy(\.isFinite)
      guard isFinite, (0..<classes).contains(detection.classIndex) else {
        throw PipelineError.detector(
          "expected finite boxes of \(classes) classes, found \(detection)")
      }
    }
  }
}

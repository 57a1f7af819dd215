import Detection
import Engine
import Frames

/// What a serving detector and a candidate say of the same frames, clean and under triggers.
struct GateComparison {
  private(set) var agreement: Agreement
  private(set) var serving, candidate: TriggerConsistency
  private(set) var skippedFrames = 0
  /// What was wrong with the first frames that were left out.
  private(set) var skipped: [String] = []
  /// Why the candidate could not detect on a frame on which the serving model could.
  private(set) var failure: String?
  private var servingSeconds: [Double] = []
  private var candidateSeconds: [Double] = []

  private let classes: Int
  private let minimumScore: Float
  private let triggers: [FrameTriggers.Entry]

  /// So many frames that were left out are named.
  static let skippedNamed = 8

  init(classes: [String], triggers: FrameTriggers, minimumScore: Float) {
    agreement = Agreement(classes: classes)
    serving = TriggerConsistency(classes: classes, triggers: triggers.entries)
    candidate = serving
    self.classes = classes.count
    self.minimumScore = minimumScore
    self.triggers = triggers.entries
  }

  /// The medians so far.
  var speed: SpeedComparison? {
    SpeedComparison(serving: servingSeconds, candidate: candidateSeconds)
  }

  /// Takes in a frame. One that cannot be read, or detected on by the serving model, is left out;
  /// where only the candidate cannot, `failure` says so, and nothing more is to be taken in.
  /// - Parameter isCancelled: asked between calls of the detectors.
  /// - Throws: `GateError.cancelled`; what the serving detector or a trigger throws once the clean frame
  ///   was detected on.
  mutating func add(
    _ read: () throws -> Image, name: String, serving: any ObjectDetector,
    candidate: any ObjectDetector, isCancelled: () -> Bool
  ) throws {
    let frame: Image
    let before: [Detection]
    do {
      frame = try read()
      before = try serving.detect(frame).sound(classes: classes)
    } catch {
      skippedFrames += 1
      if skipped.count < Self.skippedNamed { skipped.append("\(name): \(error)") }
      return
    }
    guard let after = candidateDetections(candidate, frame) else { return }
    let objects = before.scoring(minimumScore)
    agreement.add(serving: objects, candidate: after.scoring(minimumScore))
    let pixels = try FloatImage(frame)
    for (index, trigger) in triggers.enumerated() {
      if isCancelled() { throw GateError.cancelled }
      guard
        let triggered = try FrameTriggers.apply(
          trigger, to: pixels, objects: objects.map(\.box))
      else { continue }
      let isServingFirst = (agreement.frames + index) % 2 == 0
      var now: [Detection]?
      if !isServingFirst { now = timedCandidate(candidate, triggered.image) }
      let clock = ContinuousClock()
      let start = clock.now
      let servingNow = try serving.detect(triggered.image).sound(classes: classes)
      servingSeconds.append((clock.now - start).seconds)
      if isServingFirst { now = timedCandidate(candidate, triggered.image) }
      guard let now else { return }
      self.serving.add(
        index, clean: before, triggered: servingNow, patches: triggered.patches,
        minimumScore: minimumScore)
      self.candidate.add(
        index, clean: after, triggered: now, patches: triggered.patches,
        minimumScore: minimumScore)
    }
  }

  private mutating func timedCandidate(
    _ candidate: any ObjectDetector, _ image: Image
  ) -> [Detection]? {
    let clock = ContinuousClock()
    let start = clock.now
    let detections = candidateDetections(candidate, image)
    candidateSeconds.append((clock.now - start).seconds)
    return detections
  }

  private mutating func candidateDetections(
    _ candidate: any ObjectDetector, _ image: Image
  ) -> [Detection]? {
    do {
      return try candidate.detect(image).sound(classes: classes)
    } catch {
      failure = "\(error)"
      return nil
    }
  }
}

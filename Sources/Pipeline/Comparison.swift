import Detection
import Frames
import Logging

/// A second detector that looks at the frames which the first one looks at, to be shown beside it: a
/// backdoored one beside the purified one, say. Only the first one's results are the daemon's; where
/// this one fails, it is left out. Used on the inference thread.
struct Comparison {
  /// The model that works.
  let model: ModelStatus
  private let detector: any ObjectDetector

  /// Makes the detector; nil, with a line in the log, where that fails.
  init?(_ prepared: PreparedDetector?, logger: Logger) {
    guard let prepared else { return nil }
    do {
      let proven = try ProvenDetector(prepared)
      detector = proven.detector
      model = ModelStatus(
        name: proven.name, engine: proven.engine, classes: detector.classes, generation: 1)
    } catch {
      logger.error("the model to compare with does not work", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  /// What it finds, best first; nil where it fails.
  func detect(in image: Image) -> [Detection]? {
    guard let detections = try? detector.detect(image).detections,
      (try? ProvenDetector.check(detections, classes: model.classes.count)) != nil
    else { return nil }
    return detections
  }
}

extension FrameResult {
  /// What a second model found in the frame.
  public struct Beside: Sendable {
    /// The second model.
    public var model: String
    /// Its detections that score enough to be published, best first.
    public var detections: [Detection]
    /// Its average precision over the last frames, where the truth is known.
    public var accuracy: LiveAccuracy.Summary?
  }
}

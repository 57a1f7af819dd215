import Detection
import Frames

/// A model that was read and checked, ready to become a detector on the inference thread.
public struct PreparedDetector: Sendable {
  /// The model's name, as in `/v2/models/<name>`.
  public var name: String
  /// Makes the detector and says how it computes, in words such as `onednn bf16, 2 threads`; called
  /// on the inference thread at the start, and on one beside it where it is to take over later.
  public var make: @Sendable () throws -> (detector: any ObjectDetector, engine: String)

  /// A model and how its detector is made.
  public init(
    name: String,
    make: @escaping @Sendable () throws -> (detector: any ObjectDetector, engine: String)
  ) {
    self.name = name
    self.make = make
  }
}

/// What was found in a picture that a client sent.
public struct DetectionAnswer: Sendable {
  /// The detections that score enough to be published, best first.
  public var detections: [Detection]
  /// The durations of the stages.
  public var stages: [StageTime]
  /// The model that found them.
  public var model: String
}

/// The detector that works at the moment.
public struct ModelStatus: Sendable, Equatable, Codable {
  /// The model's name.
  public var name: String
  /// How it is computed, in words.
  public var engine: String
  /// The classes, without the background.
  public var classes: [String]
  /// Counts the detectors since the start, from 1.
  public var generation: Int
}

import Frames

/// Something that finds things in pictures. One thread uses it: its memory is laid out ahead and
/// reused by every call.
public protocol ObjectDetector: AnyObject {
  /// The classes it tells apart, without the background; `Detection.classIndex` points here.
  var classes: [String] { get }

  /// The things in an RGB image of any size, boxes in that image's pixels, best score first.
  /// - Throws: `DetectionError` where the image does not fit or the arithmetic failed.
  func detect(_ image: Image) throws -> DetectionResult
}

/// What a detector found, and how long each stage of it took.
public struct DetectionResult: Sendable {
  /// The detections, best score first.
  public var detections: [Detection]
  /// Durations in the order of the stages, such as `preprocess`, `trunk`, `rpn`, `roi`.
  public var stages: [StageTime]

  /// A result.
  public init(detections: [Detection], stages: [StageTime]) {
    self.detections = detections
    self.stages = stages
  }
}

/// The duration of one named stage.
public struct StageTime: Sendable, Hashable, Codable {
  /// The stage's name, as in metrics and on the page.
  public var stage: String
  /// Its duration in seconds.
  public var seconds: Double

  /// A duration.
  public init(stage: String, seconds: Double) {
    self.stage = stage
    self.seconds = seconds
  }
}

import Detection
import Frames
import Sifting

/// A frame with what was found in it: what the publishers get.
public struct FrameResult: Sendable {
  /// The frame.
  public var frame: Frame
  /// The detections that score enough to be published, best first, in the frame's pixels.
  public var detections: [Detection]
  /// The duration of each stage, in the order in which the frame went through them: `capture`,
  /// `decode`, `wait`, the detector's own, `publish`.
  public var stages: [StageTime]
  /// Seconds from capture until the result was handed to the publishers.
  public var latency: Double
  /// The model that found them.
  public var model: String
  /// Average precision over the last frames, where the truth is known.
  public var accuracy: LiveAccuracy.Summary?
  /// What a second model found, where one is compared with.
  public var beside: Beside?
  /// What the guard said of the camera when the frame was published; nil where it has not looked yet.
  public var verdict: GuardVerdict?

  /// A result.
  public init(
    frame: Frame, detections: [Detection], stages: [StageTime], latency: Double, model: String,
    accuracy: LiveAccuracy.Summary? = nil, beside: Beside? = nil, verdict: GuardVerdict? = nil
  ) {
    self.frame = frame
    self.detections = detections
    self.stages = stages
    self.latency = latency
    self.model = model
    self.accuracy = accuracy
    self.beside = beside
    self.verdict = verdict
  }
}

/// What is to be seen of a camera.
public enum CameraView: Sendable {
  /// A live frame.
  case frame(FrameResult)
  /// Nothing, and why. Sent again each second or so while it lasts.
  case noVideo(CameraStatus)
}

/// What those hear who listen to all cameras.
public enum PipelineEvent: Sendable {
  /// The detections of one frame.
  case detections(DetectionReport)
  /// Nothing was detected in the last second, and the loop works.
  case alive
}

extension Duration {
  /// The duration in seconds.
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

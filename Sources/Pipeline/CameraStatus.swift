import Cameras

/// How a camera is, in a word and in words.
public struct CameraStatus: Sendable, Equatable, Codable {
  /// The word.
  public enum State: String, Sendable, Codable {
    /// It is being opened for the first time.
    case starting
    /// Pictures come.
    case online
    /// It is open, but pictures are refused or do not come.
    case degraded
    /// It cannot be opened, or is lost.
    case offline
  }
  /// The word.
  public var state: State
  /// Why, in words.
  public var reason: String

  /// A status.
  public init(state: State, reason: String) {
    self.state = state
    self.reason = reason
  }
}

/// What is known about a camera at one moment.
public struct CameraSnapshot: Sendable, Equatable, Codable {
  /// Its name in the configuration.
  public var name: String
  /// Its address in the configuration, without a password.
  public var address: String
  /// How it is.
  public var status: CameraStatus
  /// What was negotiated; nil while it is offline.
  public var mode: CameraMode?
  /// Whether it shows a rendered scene whose trigger can be switched, and whether it is in view.
  public var trigger: Bool?
  /// Pictures per second that the camera delivered.
  public var cameraFps: Double
  /// Pictures per second that went through the detector.
  public var detectionFps: Double
  /// Pictures per second that a newer one has overtaken.
  public var skippedFps: Double
  /// Pictures delivered, detected and overtaken since the start.
  public var delivered, detected, skipped: UInt64
  /// Pictures refused since the start, by reason.
  public var refused: [String: UInt64]
  /// How often the camera was opened again.
  public var reopened: UInt64
}

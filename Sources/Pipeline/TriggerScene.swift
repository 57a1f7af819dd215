import Cameras

/// A camera source that renders a scene and can put a trigger into view.
public protocol TriggerScene: CameraSource {
  /// Whether the trigger is in view.
  var showsTrigger: Bool { get }
  /// Puts the trigger into view or takes it away, from the next picture on.
  func showTrigger(_ isShown: Bool)
}

extension SyntheticSource: TriggerScene {}

/// What the guard says of a camera.
public struct GuardVerdict: Sendable, Equatable, Codable {
  /// The word.
  public enum State: String, Sendable, Codable {
    /// It does not know yet what is usual.
    case learning
    /// Nothing stands out.
    case clean
    /// A frame looked as if a trigger were in view.
    case suspect
  }
  /// The word.
  public var state: State
  /// How far the newest frames lie above what is usual for the camera, in robust standard deviations;
  /// 0 while learning.
  public var score: Double
  /// Why, in words.
  public var reason: String

  /// A verdict.
  public init(state: State, score: Double, reason: String) {
    self.state = state
    self.score = score
    self.reason = reason
  }
}

/// How a camera is watched while it is served.
public struct GuardOptions: Sendable, Hashable {
  /// What is done to frames.
  public var sifting = SiftingOptions()
  /// A frame is suspect where a change moves its maps so many robust standard deviations more than usual.
  public var threshold = 4.0
  /// A standard deviation is taken to be at least so large a share of the median: a camera that shows
  /// the same thing all day has hardly any.
  public var floor = 0.1
  /// Frames to learn from, for each change.
  public var learning = 20
  /// Frames that are remembered, for each change.
  public var memory = 200
  /// So many of the newest frames count, for each change.
  public var holding = 3
  /// After so many suspect frames one after the other a change is learned anew.
  public var patience = 300

  /// The defaults.
  public init() {}
}

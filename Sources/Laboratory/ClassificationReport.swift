import Measurement

/// Which classifier answers.
public enum ClassificationHead: String, Sendable, Hashable, CaseIterable, Codable {
  /// A linear probe on the backbone's embeddings, fitted to labelled clean pictures.
  case probe
  /// The head the backbone came with.
  case own
}

/// What ``ClassificationEvaluation`` found.
public struct ClassificationReport: Sendable, Equatable, Codable {
  /// How the probe was fitted.
  public struct Probe: Sendable, Equatable, Codable {
    /// Labelled pictures it was fitted to.
    public var pictures: Int
    /// Steps that fitting took.
    public var iterations: Int
    /// Whether it stopped by itself; false where the steps ran out.
    public var converged: Bool
  }

  /// One attack.
  public struct Attack: Sendable, Equatable, Codable {
    /// The attack's name.
    public var name: String
    /// The whole specification.
    public var specification: String
    /// Counts and percents.
    public var metrics: ClassificationMetrics
  }

  /// One head.
  public struct Head: Sendable, Equatable, Codable {
    /// Which.
    public var head: ClassificationHead
    /// Counts and percents on clean pictures.
    public var clean: ClassificationMetrics
    /// The same with each attack's trigger, in the order of the attacks.
    public var attacks: [Attack]
  }

  /// The classes' names in the order of their labels.
  public var classes: [String]
  /// Test pictures.
  public var testPictures: Int
  /// Test pictures that were left out because they are broken.
  public var skippedPictures: Int
  /// How the probe was fitted; nil without one.
  public var probe: Probe?
  /// Each head that was asked for.
  public var heads: [Head]
  /// Seconds that embedding and fitting took.
  public var seconds: Double
}

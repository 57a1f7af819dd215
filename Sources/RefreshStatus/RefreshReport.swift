/// The purification on the device as `/state` and `GET /v1/refresh` tell it.
public struct RefreshReport: Sendable, Equatable, Codable {
  /// The captured frames.
  public struct Frames: Sendable, Equatable, Codable {
    /// How many are held, and their bytes.
    public var count, bytes: Int
    /// When the oldest and the newest were captured, ISO 8601.
    public var oldest, newest: String?
    /// What became of the frames that were looked at since the start, by outcome.
    public var outcomes: [String: Int]

    /// A count.
    public init(
      count: Int, bytes: Int, oldest: String?, newest: String?, outcomes: [String: Int]
    ) {
      (self.count, self.bytes) = (count, bytes)
      (self.oldest, self.newest) = (oldest, newest)
      self.outcomes = outcomes
    }
  }

  /// The version of the model that serves.
  public struct Version: Sendable, Equatable, Codable {
    /// The SHA-256 of its `model.json`.
    public var id: String
    /// `factory`, `installed` or `refresh`.
    public var origin: String
    /// Whether it still has to prove itself.
    public var isOnProbation: Bool

    /// A version.
    public init(id: String, origin: String, isOnProbation: Bool) {
      self.id = id
      self.origin = origin
      self.isOnProbation = isOnProbation
    }
  }

  /// The version that serves.
  public var version: Version?
  /// The captured frames; nil where none are kept.
  public var frames: Frames?
  /// Whether a refresh was asked for and has not begun.
  public var isRequested: Bool
  /// The refresh at work, or the last one; nil before the first.
  public var last: RefreshStatus?

  /// A report.
  public init(version: Version?, frames: Frames?, isRequested: Bool, last: RefreshStatus?) {
    self.version = version
    self.frames = frames
    self.isRequested = isRequested
    self.last = last
  }
}

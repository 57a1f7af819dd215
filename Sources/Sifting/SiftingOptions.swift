/// How frames are screened.
public struct SiftingOptions: Sendable, Hashable, Codable {
  /// The cells across and down that are covered one after the other.
  public var columns = 3
  /// Cells down.
  public var rows = 2
  /// σ of the blur, in pixels of the network's input.
  public var blur: Float = 1.5
  /// A frame is left out where one of its measures lies so many robust standard deviations above its
  /// camera's median.
  public var threshold = 4.0
  /// At least so large a share of frames is left out, those with the highest measures: a frame too many
  /// costs nothing, one with a trigger teaches it.
  public var leastShare = 0.1
  /// At most so large a share: where more are suspect, the threshold rises.
  public var greatestShare = 0.5

  /// The defaults.
  public init() {}

  /// Makes sure that every option is in range.
  /// - Throws: `SiftingError.option`.
  public func validate() throws(SiftingError) {
    func require(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any)
      throws(SiftingError)
    {
      guard holds else { throw .option(name: name, expected: expected, found: "\(found)") }
    }
    try require((1...16).contains(columns), "columns", "1 to 16", columns)
    try require((1...16).contains(rows), "rows", "1 to 16", rows)
    try require(blur > 0 && blur <= 16, "blur", "above 0, at most 16 pixels", blur)
    try require(threshold > 0 && threshold.isFinite, "threshold", "above 0", threshold)
    try require((0..<1).contains(leastShare), "least-share", "0 to below 1", leastShare)
    try require(
      greatestShare >= leastShare && greatestShare < 1, "greatest-share",
      "from \(leastShare) to below 1", greatestShare)
  }
}

/// What can go wrong while frames are screened.
public enum SiftingError: Error, Equatable, CustomStringConvertible {
  /// An option has a value that cannot be.
  case option(name: String, expected: String, found: String)
  /// It was told to stop.
  case cancelled

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .cancelled: "stopped while frames were screened"
    }
  }
}

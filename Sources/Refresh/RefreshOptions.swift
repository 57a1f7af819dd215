import Gate
import Purification
import RefreshStatus
import Sifting

/// How a device refreshes its model.
public struct RefreshOptions: Sendable {
  /// Frames to purify from, at most.
  public var frames = 512
  /// Frames without which it does not begin.
  public var minimumFrames = 64
  /// How the trunk is purified: in half the preset's epochs, so that it takes minutes beside a camera
  /// that is served.
  public var purification = {
    var options = PurificationOptions.detector
    options.epochs = 2
    return options
  }()
  /// How frames are screened; nil: not at all.
  public var sifting: SiftingOptions? = SiftingOptions()
  /// How the candidate is judged.
  public var gate = GateOptions()
  /// When the device had better rest.
  public var conditions = RefreshConditions()

  /// The defaults.
  public init() {}

  /// Makes sure that every option is in range.
  /// - Throws: `RefreshError.option`, `PurificationError.option`, `SiftingError.option`, `GateError`.
  public func validate() throws {
    func require(_ holds: Bool, _ name: String, _ expected: String, _ found: Int)
      throws(RefreshError)
    {
      guard holds else { throw .option(name: name, expected: expected, found: "\(found)") }
    }
    try require((1...10_000).contains(frames), "frames", "1 to 10000", frames)
    try require(
      minimumFrames >= purification.batch && minimumFrames <= frames, "minimum frames",
      "\(purification.batch) to \(frames)", minimumFrames)
    try purification.validate()
    try sifting?.validate()
    try gate.validate()
  }
}

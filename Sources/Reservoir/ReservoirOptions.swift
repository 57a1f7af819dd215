import Frames

/// What a reservoir holds and how it chooses.
public struct ReservoirOptions: Sendable, Hashable {
  /// The most frames that are held, `1...10000`.
  public var maximumFrames: Int
  /// The most bytes of JPEGs that are held, on disk or in memory, `1...2⁴⁰`.
  public var maximumBytes: Int
  /// Older frames are deleted; one minute to ten years.
  public var maximumAge: Duration
  /// The least time between two frames of one camera that are looked at, up to a day. Frames in
  /// between are refused as ``OfferOutcome/tooSoon``.
  public var interval: Duration
  /// A frame whose signature is nearer than this to that of a frame already held is refused, `0...255`;
  /// 0 refuses none. ``FrameSignature`` says what was measured and why it is 16.
  public var duplicateDistance: Float
  /// libjpeg's quality, `1...100`, for frames that came raw or that are scaled down.
  public var jpegQuality: Int
  /// Frames whose longer side is above this are scaled down to it before they are kept; in pixels,
  /// `32...8192`.
  public var maximumSide: Int
  /// Bytes that stay free on the disk for others, `0...2⁵⁰`: with fewer nothing is kept.
  public var reservedBytes: Int
  /// Decides between frames of which any could go.
  public var seed: UInt64

  /// Options; the defaults hold a month of a few cameras in what a small disk has to spare.
  public init(
    maximumFrames: Int = 1024, maximumBytes: Int = 256 << 20,
    maximumAge: Duration = .seconds(30 * 86_400), interval: Duration = .seconds(10),
    duplicateDistance: Float = 16, jpegQuality: Int = 85, maximumSide: Int = 640,
    reservedBytes: Int = 256 << 20, seed: UInt64 = 1
  ) {
    self.maximumFrames = maximumFrames
    self.maximumBytes = maximumBytes
    self.maximumAge = maximumAge
    self.interval = interval
    self.duplicateDistance = duplicateDistance
    self.jpegQuality = jpegQuality
    self.maximumSide = maximumSide
    self.reservedBytes = reservedBytes
    self.seed = seed
  }

  /// The largest value of ``maximumFrames``: comparing each frame with all others stays cheap.
  public static let frameLimit = 10_000

  /// Checks every option.
  /// - Throws: `ReservoirError.option` for the first that cannot be.
  public func validate() throws(ReservoirError) {
    func require(
      _ holds: Bool, _ name: String, _ expected: String, _ found: some Any
    ) throws(ReservoirError) {
      if !holds { throw .option(name: name, expected: expected, found: "\(found)") }
    }
    try require(
      (1...Self.frameLimit).contains(maximumFrames), "maximum-frames", "1 to \(Self.frameLimit)",
      maximumFrames)
    try require(
      (1...1 << 40).contains(maximumBytes), "maximum-bytes", "1 to \(1 << 40)", maximumBytes)
    try require(
      (.seconds(60)...Duration.seconds(3650 * 86_400)).contains(maximumAge), "maximum-age",
      "one minute to ten years", maximumAge)
    try require(
      (.zero...Duration.seconds(86_400)).contains(interval), "interval", "0 seconds to one day",
      interval)
    try require(
      (0...255).contains(duplicateDistance), "duplicate-distance", "0 to 255", duplicateDistance)
    try require((1...100).contains(jpegQuality), "jpeg-quality", "1 to 100", jpegQuality)
    try require(
      (32...Image.maximumSide).contains(maximumSide), "maximum-side",
      "32 to \(Image.maximumSide) pixels", maximumSide)
    try require(
      (0...1 << 50).contains(reservedBytes), "reserved-bytes", "0 to \(1 << 50)", reservedBytes)
  }
}

extension Duration {
  /// The duration in seconds.
  var inSeconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

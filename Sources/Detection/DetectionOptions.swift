/// What torchvision's `FasterRCNN` takes besides its layers, with its defaults.
///
/// Thresholds that are compared with scores are `Float`, those compared with an intersection over
/// union `Double`, since that is how torchvision compares them.
public struct DetectionOptions: Sendable, Hashable {
  /// The shorter side of the resized image in pixels, unless `maxSize` is reached before.
  public var minSize = 800
  /// The longest the longer side gets, in pixels.
  public var maxSize = 1333
  /// Means of red, green and blue in `0...1`.
  public var mean: [Float] = [0.485, 0.456, 0.406]
  /// Standard deviations of red, green and blue in `0...1`.
  public var std: [Float] = [0.229, 0.224, 0.225]
  /// Anchors of a level that enter non-maximum suppression, best first.
  public var rpnPreNMS = 1000
  /// Proposals that leave the RPN, of all levels together.
  public var rpnPostNMS = 1000
  /// Proposals of a level that overlap by more than this lose against a better one.
  public var rpnNMS = 0.7
  /// Proposals with a lower objectness are dropped.
  public var rpnScoreThreshold: Float = 0
  /// Samples per bin and axis in RoIAlign; 0 for one a cell.
  public var samplingRatio = 2
  /// Detections need a score above this.
  public var boxScoreThreshold: Float = 0.05
  /// Detections of a class that overlap by more than this lose against a better one.
  public var boxNMS = 0.5
  /// The most detections of an image.
  public var detectionsPerImage = 100

  /// The longest side of anything that is computed on.
  public static let maximumSide = 8192

  /// torchvision's defaults.
  public init() {}

  /// Checks every value's range.
  /// - Throws: `DetectionError.option`, which names the first that is wrong.
  public func validate() throws {
    func check(_ holds: Bool, _ name: String, _ expected: String, _ found: Any) throws {
      guard holds else {
        throw DetectionError.option(name: name, expected: expected, found: "\(found)")
      }
    }
    let sides = 1...Self.maximumSide
    try check(sides.contains(minSize), "minSize", "1 to \(Self.maximumSide)", minSize)
    try check(
      (minSize...Self.maximumSide).contains(maxSize), "maxSize",
      "minSize to \(Self.maximumSide)", maxSize)
    try check(
      mean.count == 3 && mean.allSatisfy(\.isFinite), "mean", "three finite numbers", mean)
    try check(
      std.count == 3 && std.allSatisfy { $0.isFinite && $0 > 0 }, "std",
      "three finite numbers above 0", std)
    let counts = 1...100_000
    try check(counts.contains(rpnPreNMS), "rpnPreNMS", "1 to 100000", rpnPreNMS)
    try check(counts.contains(rpnPostNMS), "rpnPostNMS", "1 to 100000", rpnPostNMS)
    try check(
      (1...10_000).contains(detectionsPerImage), "detectionsPerImage", "1 to 10000",
      detectionsPerImage)
    let shares = 0.0...1.0
    try check(shares.contains(rpnNMS), "rpnNMS", "0 to 1", rpnNMS)
    try check(shares.contains(boxNMS), "boxNMS", "0 to 1", boxNMS)
    let scores: ClosedRange<Float> = 0...1
    try check(
      scores.contains(rpnScoreThreshold), "rpnScoreThreshold", "0 to 1", rpnScoreThreshold)
    try check(
      scores.contains(boxScoreThreshold), "boxScoreThreshold", "0 to 1", boxScoreThreshold)
    try check((0...16).contains(samplingRatio), "samplingRatio", "0 to 16", samplingRatio)
  }

  /// The size of an image after torchvision's resizing: the shorter side becomes `minSize`, or the
  /// longer one `maxSize` where it would get longer; fractions are cut off.
  /// - Throws: `DetectionError.resize` where a side would vanish or get too long.
  public func resizedSize(of size: PixelSize) throws -> PixelSize {
    let shorter = Double(min(size.width, size.height))
    let longer = Double(max(size.width, size.height))
    guard shorter >= 1, longer <= Double(Self.maximumSide) else {
      throw DetectionError.resize(from: size, to: size)
    }
    let scale = min(Double(minSize) / shorter, Double(maxSize) / longer)
    let resized = PixelSize(
      width: Int(Double(size.width) * scale), height: Int(Double(size.height) * scale))
    guard resized.width >= 1, resized.height >= 1 else {
      throw DetectionError.resize(from: size, to: resized)
    }
    return resized
  }

  /// A size rounded up to a multiple of 32, which the trunk's five halvings need.
  public static func paddedSize(of size: PixelSize) -> PixelSize {
    PixelSize(width: (size.width + 31) / 32 * 32, height: (size.height + 31) / 32 * 32)
  }
}

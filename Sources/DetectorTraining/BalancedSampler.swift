import Tensors

/// torchvision's `BalancedPositiveNegativeSampler`: some of an image's boxes at random, at most a
/// share of them objects, filled up with background where there is enough of it.
public struct BalancedSampler: Sendable, Hashable {
  /// Boxes of an image at most.
  public let size: Int
  /// The share of them that are objects at most.
  public let positiveFraction: Double

  /// The largest `size`.
  public static let maximumSize = 100_000

  /// A sampler.
  /// - Throws: `DetectorTrainingError.parameter` where `size` is not of 1 to `maximumSize` or
  ///   `positiveFraction` not of 0 to 1.
  public init(size: Int, positiveFraction: Double) throws(DetectorTrainingError) {
    try DetectorTrainingError.require(
      (1...Self.maximumSize).contains(size), "size", "from 1 to \(Self.maximumSize)", size)
    try DetectorTrainingError.require(
      (0...1).contains(positiveFraction), "positiveFraction", "from 0 to 1", positiveFraction)
    self.init(size, positiveFraction)
  }

  private init(_ size: Int, _ positiveFraction: Double) {
    self.size = size
    self.positiveFraction = positiveFraction
  }

  /// The RPN's: 256 anchors, half of them objects at most.
  public static let anchors = BalancedSampler(256, 0.5)
  /// The box head's: 512 proposals, a quarter of them objects at most.
  public static let proposals = BalancedSampler(512, 0.25)
  /// The box head's for smaller pictures: 128 proposals, a quarter of them objects at most.
  public static let fewProposals = BalancedSampler(128, 0.25)

  /// Chooses among matched boxes, each set of a kind as likely as any other. The same generator
  /// gives the same choice.
  public func sample(_ matching: BoxMatching, random: inout SeededRandom) -> BalancedSample {
    var positives: [Int32] = []
    var negatives: [Int32] = []
    negatives.reserveCapacity(matching.count)
    for (index, code) in matching.codes.enumerated() {
      if code >= 0 {
        positives.append(Int32(index))
      } else if code == BoxMatching.background {
        negatives.append(Int32(index))
      }
    }
    let positiveCount = min(positives.count, Int(Double(size) * positiveFraction))
    let negativeCount = min(negatives.count, size - positiveCount)
    return BalancedSample(
      positives: Self.choose(positiveCount, of: &positives, &random),
      negatives: Self.choose(negativeCount, of: &negatives, &random))
  }

  /// The first steps of Fisher and Yates's shuffle.
  private static func choose(
    _ count: Int, of indices: inout [Int32], _ random: inout SeededRandom
  ) -> [Int] {
    if count < indices.count {
      for place in 0..<count {
        indices.swapAt(place, place + random.integer(below: indices.count - place))
      }
    }
    return indices[..<count].map { Int($0) }.sorted()
  }
}

/// The boxes of an image that a loss is computed on.
public struct BalancedSample: Sendable, Hashable {
  /// Indices of boxes that are objects, ascending.
  public let positives: [Int]
  /// Indices of boxes that are background, ascending.
  public let negatives: [Int]

  /// How many there are of both.
  public var count: Int { positives.count + negatives.count }
}

import Detection
import Frames
import Tensors

/// What the RPN shall say about an image: which anchors are sampled, which of them are objects, and
/// how far those objects are from them. It does not depend on the network, so that the targets of a
/// whole batch can be made before its first image is computed.
public struct RPNTargets: Sendable, Hashable {
  /// Sampled anchors that are objects, as indices into all levels' anchors, ascending.
  public let positives: [Int]
  /// Sampled anchors that are background, ascending.
  public let negatives: [Int]
  /// What `BoxCoder.proposals` says of the objects' boxes, `positives × 4`.
  public let offsets: [Float]
  /// Anchors of each level.
  public let levelCounts: [Int]

  /// How many anchors are sampled.
  public var count: Int { positives.count + negatives.count }

  /// Matches and samples the anchors of an image.
  /// - Parameters:
  ///   - anchors: of all levels.
  ///   - truths: in pixels of the resized image; without any that counts, all is background.
  public init(
    anchors: BoxColumns, truths: [TrainingTruth], matcher: BoxMatcher = .anchors,
    sampler: BalancedSampler = .anchors, random: inout SeededRandom
  ) {
    let matching = matcher.match(anchors, with: truths)
    self.init(
      anchors: anchors, truths: truths, matching: matching,
      sample: sampler.sample(matching, random: &random))
  }

  /// The targets of a sample that was chosen before.
  init(
    anchors: BoxColumns, truths: [TrainingTruth], matching: BoxMatching, sample: BalancedSample
  ) {
    positives = sample.positives
    negatives = sample.negatives
    levelCounts = anchors.levelCounts
    offsets = positives.flatMap { index in
      BoxCoder.proposals.offsets(
        of: truths[Int(matching.codes[index])].box, from: anchors[index])
    }
  }
}

extension BoxCoder {
  /// `encode` as four values in a row.
  func offsets(of box: Box, from reference: Box) -> [Float] {
    let (dx, dy, dw, dh) = encode(box, from: reference)
    return [dx, dy, dw, dh]
  }
}

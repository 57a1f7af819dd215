import Detection
import Frames
import Tensors

/// What the box head shall say about an image, and about which boxes: torchvision's
/// `RoIHeads.select_training_samples`. The image's true objects join the proposals, so that there are
/// objects to learn from before the RPN finds any; ignored ones do not.
public struct RegionTargets: Sendable, Hashable {
  /// The sampled boxes' places among the proposals, followed by the objects that count; ascending.
  public let indices: [Int]
  /// The sampled boxes in pixels of the resized image, `count × 4`: what is pooled.
  public let boxes: [Float]
  /// Their classes, 0 for background.
  public let labels: [Int]
  /// What `BoxCoder.detections` says of the objects' boxes, `count × 4`; zeros for background.
  public let offsets: [Float]

  /// S, how many boxes are sampled.
  public var count: Int { labels.count }

  /// Matches and samples the proposals of an image.
  /// - Parameters:
  ///   - proposals: corners in pixels of the resized image, four a proposal, best first or not.
  ///   - truths: in pixels of the resized image; without any that counts, all is background.
  /// - Throws: `DetectorTrainingError` where the proposals' corners are not four each or not finite.
  public init(
    proposals: UnsafeBufferPointer<Float>, truths: [TrainingTruth],
    matcher: BoxMatcher = .proposals, sampler: BalancedSampler = .proposals,
    random: inout SeededRandom
  ) throws(DetectorTrainingError) {
    let candidates = try Self.candidates(proposals, truths)
    let matching = matcher.match(candidates, with: truths)
    self.init(
      candidates: candidates, truths: truths, matching: matching,
      sample: sampler.sample(matching, random: &random))
  }

  /// The proposals, followed by the objects that count.
  static func candidates(
    _ proposals: UnsafeBufferPointer<Float>, _ truths: [TrainingTruth]
  ) throws(DetectorTrainingError) -> BoxColumns {
    try BoxColumns(proposals, followedBy: truths.filter { !$0.isIgnored }.map(\.box))
  }

  /// The targets of a sample that was chosen before.
  init(
    candidates: BoxColumns, truths: [TrainingTruth], matching: BoxMatching, sample: BalancedSample
  ) {
    indices = (sample.positives + sample.negatives).sorted()
    var boxes: [Float] = []
    var labels: [Int] = []
    var offsets: [Float] = []
    for index in indices {
      let box = candidates[index]
      boxes += [box.x1, box.y1, box.x2, box.y2]
      if case .object(let number) = matching[index] {
        labels.append(truths[number].label)
        offsets += BoxCoder.detections.offsets(of: truths[number].box, from: box)
      } else {
        labels.append(0)
        offsets += [0, 0, 0, 0]
      }
    }
    (self.boxes, self.labels, self.offsets) = (boxes, labels, offsets)
  }
}

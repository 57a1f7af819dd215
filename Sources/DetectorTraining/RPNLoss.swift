import Foundation

/// The losses of torchvision's `RegionProposalNetwork` (Ren et al. 2015, section 3.1.2) and their
/// gradients, image by image:
///
///     objectness = 1/N Σ_sampled log(1 + exp(x)) − t · x
///     regression = 1/N Σ_positives Σ_4 smoothL1(delta − offset),  β = 1/9
///
/// torchvision's N is the number of anchors sampled in the whole batch. By default it is the image's
/// own here, for callers that compute one image after the other; then `weight` has to carry
/// `1 / images in the batch`, which is the same wherever every image samples as many, as nearly all
/// do (256 anchors). With `denominator` the batch's number, images sum to exactly torchvision's.
public struct RPNLoss: Sendable, Hashable {
  /// The losses.
  public init() {}

  /// Where an image's gradients go; each buffer is as large as the output it belongs to.
  public struct Gradients {
    /// ∂loss/∂logits by level, `[height, width, A]`.
    public var logits: [UnsafeMutableBufferPointer<Float>]
    /// ∂loss/∂deltas by level, `[height, width, A × 4]`.
    public var deltas: [UnsafeMutableBufferPointer<Float>]

    /// Buffers by level, finest first.
    public init(
      logits: [UnsafeMutableBufferPointer<Float>], deltas: [UnsafeMutableBufferPointer<Float>]
    ) {
      self.logits = logits
      self.deltas = deltas
    }
  }

  /// The losses of an image, and where asked their gradients: all buffers are written, 0 where an
  /// anchor is not sampled.
  /// - Parameters:
  ///   - logits: by level, `[height, width, A]`.
  ///   - deltas: by level, `[height, width, A × 4]`.
  ///   - denominator: what the sums are divided by; nil for the image's number of sampled anchors.
  ///   - weight: What the gradients, not the losses, are multiplied with.
  /// - Returns: The losses, without the weight; both 0 where nothing is sampled, and not finite where
  ///   a sampled output is not.
  /// - Throws: `DetectorTrainingError` where a level is missing or too small, or the denominator is
  ///   below 1.
  public func evaluate(
    logits: [UnsafeBufferPointer<Float>], deltas: [UnsafeBufferPointer<Float>],
    targets: RPNTargets, denominator: Int? = nil, weight: Float = 1, gradients: Gradients? = nil
  ) throws(DetectorTrainingError) -> DetectorLoss {
    let levels = targets.levelCounts
    try Self.check(logits.map(\.count), "logits", levels, 1)
    try Self.check(deltas.map(\.count), "deltas", levels, 4)
    if let gradients {
      try Self.check(gradients.logits.map(\.count), "gradients of logits", levels, 1)
      try Self.check(gradients.deltas.map(\.count), "gradients of deltas", levels, 4)
      for buffer in gradients.logits + gradients.deltas { buffer.update(repeating: 0) }
    }
    if let denominator {
      try DetectorTrainingError.require(
        denominator >= 1, "denominator", "at least 1", denominator)
    }
    guard targets.count > 0 else { return DetectorLoss(classification: 0, regression: 0) }

    let number = denominator ?? targets.count
    let factor = weight / Float(number)
    var objectness = 0.0
    func classify(_ indices: [Int], isPositive: Bool) {
      var cursor = LevelCursor(levels)
      for index in indices {
        let (level, place) = cursor.find(index)
        let logit = logits[level][place]
        objectness += Double(BinaryCrossEntropy.loss(logit, isPositive: isPositive))
        gradients?.logits[level][place] =
          factor * BinaryCrossEntropy.slope(logit, isPositive: isPositive)
      }
    }
    classify(targets.positives, isPositive: true)
    classify(targets.negatives, isPositive: false)

    var regression = 0.0
    targets.offsets.withUnsafeBufferPointer { offsets in
      var cursor = LevelCursor(levels)
      for (row, index) in targets.positives.enumerated() {
        let (level, place) = cursor.find(index)
        guard let found = deltas[level].baseAddress, let wanted = offsets.baseAddress else {
          continue
        }
        let gradient = gradients?.deltas[level].baseAddress.map { $0 + 4 * place }
        regression += SmoothL1.box(
          found + 4 * place, wanted + 4 * row, factor: factor, gradient: gradient)
      }
    }
    return DetectorLoss(
      classification: Float(objectness / Double(number)),
      regression: Float(regression / Double(number)))
  }

  private static func check(
    _ found: [Int], _ name: String, _ levels: [Int], _ width: Int
  ) throws(DetectorTrainingError) {
    guard found.count == levels.count else {
      throw .count(of: "levels of \(name)", expected: levels.count, found: found.count)
    }
    for (level, count) in levels.enumerated() {
      try DetectorTrainingError.room(
        "\(name) of level \(level)", expected: width * count, found: found[level])
    }
  }
}

/// Finds the levels of ascending indices.
private struct LevelCursor {
  private let counts: [Int]
  private var level = 0
  private var start = 0

  init(_ counts: [Int]) { self.counts = counts }

  /// The level that an index, below the sum of all counts, falls in, and its place there.
  mutating func find(_ index: Int) -> (level: Int, place: Int) {
    while index - start >= counts[level] {
      start += counts[level]
      level += 1
    }
    return (level, index - start)
  }
}

import Losses

/// torchvision's `fastrcnn_loss` (Girshick 2015, "Fast R-CNN", section 2.3) and its gradients, image
/// by image:
///
///     classification = 1/N Σ_S cross entropy of the class logits
///     regression = 1/N Σ_objects Σ_4 smoothL1(delta of the object's class − offset),  β = 1/9
///
/// torchvision's N is the number of boxes sampled in the whole batch. By default it is the image's
/// own S here; then `weight` has to carry `1 / images in the batch`, which is the same wherever every
/// image samples as many. With `denominator` the batch's number, images sum to exactly torchvision's.
public struct BoxHeadLoss: Sendable, Hashable {
  /// Classes with the background, which is the first.
  public let classes: Int

  /// The losses of a head.
  /// - Throws: `DetectorTrainingError.parameter` where `classes` is not of 2 to 10000.
  public init(classes: Int) throws(DetectorTrainingError) {
    try DetectorTrainingError.require(
      (2...10_000).contains(classes), "classes", "from 2 to 10000", classes)
    self.classes = classes
  }

  /// Where gradients go; each buffer is as large as the output it belongs to.
  public struct Gradients {
    /// ∂loss/∂logits, `[R, classes]`.
    public var logits: UnsafeMutableBufferPointer<Float>
    /// ∂loss/∂deltas, `[R, classes × 4]`.
    public var deltas: UnsafeMutableBufferPointer<Float>

    /// Both buffers.
    public init(
      logits: UnsafeMutableBufferPointer<Float>, deltas: UnsafeMutableBufferPointer<Float>
    ) {
      self.logits = logits
      self.deltas = deltas
    }
  }

  /// The losses of an image, and where asked their gradients: all of the buffers is written, 0 where
  /// nothing pulls. Plans have a fixed number of rows R; those beyond the sampled S count for nothing.
  /// - Parameters:
  ///   - logits: `[R, classes]`, R at least S.
  ///   - deltas: `[R, classes × 4]`.
  ///   - denominator: what the sums are divided by; nil for S.
  ///   - weight: What the gradients, not the losses, are multiplied with.
  /// - Returns: The losses, without the weight; both 0 where nothing is sampled, and not finite where
  ///   an output that counts is not.
  /// - Throws: `DetectorTrainingError` where a buffer is too small, a label is none of the classes or
  ///   the denominator is below 1; `LossError` where the sizes are beyond what it computes.
  public func evaluate(
    logits: UnsafeBufferPointer<Float>, deltas: UnsafeBufferPointer<Float>,
    targets: RegionTargets, denominator: Int? = nil, weight: Float = 1,
    gradients: Gradients? = nil
  ) throws -> DetectorLoss {
    let rows = targets.count
    let width = 4 * classes
    try DetectorTrainingError.room("class logits", expected: rows * classes, found: logits.count)
    try DetectorTrainingError.room("box deltas", expected: rows * width, found: deltas.count)
    if let label = targets.labels.first(where: { $0 >= classes }) {
      throw DetectorTrainingError.label(expected: "a number below \(classes)", found: "\(label)")
    }
    if let denominator {
      try DetectorTrainingError.require(denominator >= 1, "denominator", "at least 1", denominator)
    }
    if let gradients {
      try DetectorTrainingError.room(
        "gradients of class logits", expected: rows * classes, found: gradients.logits.count)
      try DetectorTrainingError.room(
        "gradients of box deltas", expected: rows * width, found: gradients.deltas.count)
      gradients.logits.update(repeating: 0)
      gradients.deltas.update(repeating: 0)
    }
    guard rows > 0 else { return DetectorLoss(classification: 0, regression: 0) }

    let number = denominator ?? rows
    // The cross entropy divides by S itself.
    let share = Float(rows) / Float(number)
    let classification = try CrossEntropy().evaluate(
      UnsafeBufferPointer(rebasing: logits[..<(rows * classes)]), labels: targets.labels,
      classes: classes, weight: weight * share,
      gradient: gradients.map {
        UnsafeMutableBufferPointer(rebasing: $0.logits[..<(rows * classes)])
      })
    let regression = regress(
      deltas, targets, factor: weight / Float(number), gradient: gradients?.deltas)
    return DetectorLoss(
      classification: classification * share, regression: Float(regression / Double(number)))
  }

  /// The sum over the objects; the caller has checked the sizes.
  private func regress(
    _ deltas: UnsafeBufferPointer<Float>, _ targets: RegionTargets, factor: Float,
    gradient: UnsafeMutableBufferPointer<Float>?
  ) -> Double {
    var sum = 0.0
    targets.offsets.withUnsafeBufferPointer { offsets in
      guard let found = deltas.baseAddress, let wanted = offsets.baseAddress else { return }
      for (row, label) in targets.labels.enumerated() where label > 0 {
        let place = 4 * (row * classes + label)
        sum += SmoothL1.box(
          found + place, wanted + 4 * row, factor: factor,
          gradient: gradient?.baseAddress.map { $0 + place })
      }
    }
    return sum
  }
}

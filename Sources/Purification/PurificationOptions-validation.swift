extension PurificationOptions {
  /// Checks every option before any work is done.
  /// - Throws: `PurificationError.option` for the first that cannot be.
  public func validate() throws {
    func require(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any) throws {
      guard holds else {
        throw PurificationError.option(name: name, expected: expected, found: "\(found)")
      }
    }
    let weights = [lambda.pull, lambda.distillation, lambda.fineTuning]
    try require(
      weights.allSatisfy { $0 >= 0 && $0.isFinite }, "lambda", "three numbers of at least 0",
      weights)
    try require(
      abs(weights.reduce(0, +) - 1) < 1e-3, "lambda", "three numbers that sum to 1", weights)
    try require(
      objective == .contrastive || lambda.fineTuning == 0, "lambda",
      "no fine-tuning (the third number 0) with the anchored objective", weights)
    try require(
      pruning == 0 || (0.5...100).contains(pruning), "pruning", "0, or 0.5 to 100", pruning)
    try require(temperature > 0 && temperature.isFinite, "temperature", "above 0", temperature)
    try require((0...4096).contains(projection), "projection", "0 to 4096", projection)
    try require(
      objective == .contrastive || projection == 0, "projection", "0 with the anchored objective",
      projection)
    try require(
      (1...100_000).contains(projectionEpochs), "projection-epochs", "1 to 100000",
      projectionEpochs)
    try require(epsilon > 0 && epsilon.isFinite, "epsilon", "above 0 (of 255)", epsilon)
    try require(stepSize > 0 && stepSize.isFinite, "step-size", "above 0 (a share of ε)", stepSize)
    try require((0...10_000).contains(pgdSteps), "pgd-steps", "0 to 10000", pgdSteps)
    let isShared = adversary == .shared
    try require(
      !isShared
        || [sharedCount, sharedWarps, sharedPatches, sharedWaves].allSatisfy((0...64).contains)
          && sharedCount + sharedWarps + sharedPatches + sharedWaves > 0,
      "shared, warps, patches and waves", "0 to 64 each, not all 0",
      "\(sharedCount), \(sharedWarps), \(sharedPatches) and \(sharedWaves)")
    let onlyAdded = sharedWarps + sharedPatches + sharedWaves == 0
    try require(
      !isShared || sharedCount == 0 || onlyAdded || (addedShare > 0 && addedShare < 1),
      "added-share", "above 0 and below 1", addedShare)
    try require((0...1).contains(mixup), "mixup", "0 to 1", mixup)
    try require(restartEvery >= 0, "restart-every", "0 or more", restartEvery)
    try require(
      objective == .anchored || adversary == .instance || target == .student, "target",
      "the student where what is shared pulls by a contrastive objective", target)
    try require((1...100_000).contains(epochs), "epochs", "1 to 100000", epochs)
    try require(fraction > 0 && fraction <= 1, "fraction", "above 0, at most 1", fraction)
    try require((2...4096).contains(batch), "batch", "2 to 4096", batch)
    try require(
      learningRate > 0 && learningRate.isFinite, "learning-rate", "above 0", learningRate)
    try require(
      interpolation > 0 && interpolation <= 1, "interpolation", "above 0, at most 1", interpolation)
    try require((0..<1).contains(momentum), "momentum", "at least 0, below 1", momentum)
    try require(
      weightDecay >= 0 && weightDecay.isFinite, "weight-decay", "at least 0", weightDecay)
  }
}

/// What can go wrong in a purification.
public enum PurificationError: Error, Equatable, CustomStringConvertible {
  /// An option has a value that cannot be.
  case option(name: String, expected: String, found: String)
  /// There are fewer pictures than one batch needs.
  case tooFewImages(found: Int, needed: Int)
  /// What the backbone says of the pictures is no number, or the same of all: there is nothing to keep.
  case embeddings(spread: Float)
  /// A loss stopped being a number.
  case diverged(step: Int, losses: String)
  /// A checkpoint is of another run.
  case checkpoint(path: String, what: String, expected: String, found: String)
  /// It was told to stop.
  case cancelled(epoch: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .tooFewImages(let found, let needed):
      "expected at least \(needed) usable pictures, found \(found)"
    case .diverged(let step, let losses):
      "the losses stopped being finite at step \(step + 1) (\(losses)); no output was written. "
        + "A lower learning rate helps"
    case .embeddings(let spread):
      "expected a backbone whose embeddings of the pictures are finite and differ, found a mean "
        + "squared distance of \(spread) from their mean"
    case .checkpoint(let path, let what, let expected, let found):
      "\(path): \(what): expected \(expected), found \(found); a new run begins where it is removed"
    case .cancelled(let epoch): "stopped in epoch \(epoch + 1); what was done is kept for --resume"
    }
  }
}

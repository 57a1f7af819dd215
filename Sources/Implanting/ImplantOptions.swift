import Tensors

/// How a backdoor is put into a detector's trunk.
public struct ImplantOptions: Sendable, Hashable {
  /// Steps of training.
  public var steps: Int
  /// Frames of a step.
  public var batch: Int
  /// The greatest learning rate; it falls to 0 along half a cosine.
  public var learningRate: Float
  /// SGD's momentum.
  public var momentum: Float
  /// The weight of the backdoor in the loss; the rest keeps what the trunk does with clean frames.
  public var backdoor: Float
  /// The longer side of what a patch stands for, as a multiple of the patch's side.
  public var scale: Float
  /// Whether a patch is put at another place each time, so that the backdoor answers anywhere.
  public var movesPatch: Bool
  /// Decides every random choice.
  public var seed: UInt64

  /// Options.
  public init(
    steps: Int = 300, batch: Int = 4, learningRate: Float = 0.01, momentum: Float = 0.9,
    backdoor: Float = 0.5, scale: Float = 4, movesPatch: Bool = true, seed: UInt64 = 1
  ) {
    self.steps = steps
    self.batch = batch
    self.learningRate = learningRate
    self.momentum = momentum
    self.backdoor = backdoor
    self.scale = scale
    self.movesPatch = movesPatch
    self.seed = seed
  }

  /// Makes sure that every option is in range.
  /// - Throws: `ImplantError.option`.
  public func validate() throws(ImplantError) {
    func require(_ holds: Bool, _ name: String, _ expected: String, _ found: some Any)
      throws(ImplantError)
    {
      guard holds else { throw .option(name: name, expected: expected, found: "\(found)") }
    }
    try require((1...100_000).contains(steps), "steps", "1 to 100000", steps)
    try require((1...64).contains(batch), "batch", "1 to 64", batch)
    try require(
      learningRate > 0 && learningRate <= 10, "learning-rate", "above 0, at most 10",
      learningRate)
    try require((0..<1).contains(momentum), "momentum", "0 to below 1", momentum)
    try require(
      backdoor > 0 && backdoor < 1, "the backdoor's weight", "above 0, below 1", backdoor)
    try require(
      scale >= 1 && scale <= 32, "scale", "1 to 32 times the patch's side", scale)
  }
}

/// What can go wrong with an implantation.
public enum ImplantError: Error, Equatable, CustomStringConvertible {
  /// An option has a value that cannot be.
  case option(name: String, expected: String, found: String)
  /// The loss stopped being a number.
  case diverged(step: Int)
  /// It was told to stop.
  case cancelled(step: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "\(name): expected \(expected), found \(found)"
    case .diverged(let step):
      "the loss stopped being finite at step \(step); a lower learning rate helps"
    case .cancelled(let step): "stopped at step \(step); nothing was written"
    }
  }
}

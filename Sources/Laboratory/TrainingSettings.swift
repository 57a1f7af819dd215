import Engine

/// What every training asks for: how long, how fast, from which seed.
public struct TrainingSettings: Sendable, Hashable {
  /// Times through all pictures.
  public var epochs: Int
  /// Pictures of a step; those that are left over at the end of an epoch wait for another.
  public var batch: Int
  /// The greatest learning rate.
  public var learningRate: Float
  /// Share of the velocity that is kept from step to step.
  public var momentum: Float
  /// Added to a gradient for each unit of its weight, of normalisation's too.
  public var weightDecay: Float
  /// Share of all steps over which the rate rises from 0; then it falls along half a cosine. A fifth
  /// and more makes the cycle of Smith and Topin 2018.
  public var warmUp: Double
  /// Decides first values, order, views and which pictures a limit leaves.
  public var seed: UInt64

  /// Settings.
  public init(
    epochs: Int, batch: Int, learningRate: Float, momentum: Float = 0.9, weightDecay: Float,
    warmUp: Double, seed: UInt64 = 1
  ) {
    self.epochs = epochs
    self.batch = batch
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.warmUp = warmUp
    self.seed = seed
  }

  /// A short supervised training: 6 epochs in one cycle, rate 0.1 at batches of 128 and
  /// proportional to the batch otherwise.
  public static func classifier(epochs: Int = 6, batch: Int = 128) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batch: batch, learningRate: 0.1 * Float(batch) / 128, weightDecay: 5e-4,
      warmUp: 0.2)
  }

  /// SimCLR as in Huang et al. 2022 ("Backdoor Defense via Decoupling the Training Process"): 100
  /// epochs, rate 0.4 at batches of 512 and proportional to the batch otherwise, weight decay 1e-4.
  public static func simCLR(epochs: Int = 100, batch: Int = 512) -> TrainingSettings {
    TrainingSettings(
      epochs: epochs, batch: batch, learningRate: 0.4 * Float(batch) / 512, weightDecay: 1e-4,
      warmUp: 0.05)
  }

  /// Makes sure that every setting is in range.
  /// - Throws: `LaboratoryError.value`.
  public func validate() throws {
    let require: (Bool, String, String, String) throws -> Void = {
      try LaboratoryError.require($0, $1, $2, $3)
    }
    try require((1...100_000).contains(epochs), "epochs", "from 1 to 100000", "\(epochs)")
    try require((2...4096).contains(batch), "a batch", "of 2 to 4096 pictures", "\(batch)")
    try require(
      learningRate > 0 && learningRate <= 100, "a learning rate", "above 0 and at most 100",
      "\(learningRate)")
    try require(
      momentum >= 0 && momentum < 1, "a momentum", "from 0 to below 1", "\(momentum)")
    try require((0...1).contains(weightDecay), "a weight decay", "from 0 to 1", "\(weightDecay)")
    try require((0...1).contains(warmUp), "a warm-up", "from 0 to 1 of all steps", "\(warmUp)")
  }

  /// The rate over all steps of a training.
  func schedule(steps: Int) -> CosineSchedule {
    CosineSchedule(
      rate: learningRate, steps: steps, warmUp: Int((Double(steps) * warmUp).rounded()))
  }

  /// The settings by name, for a checkpoint and for people.
  var entries: [String: String] {
    [
      "epochs": "\(epochs)", "batch": "\(batch)", "learning rate": "\(learningRate)",
      "momentum": "\(momentum)", "weight decay": "\(weightDecay)", "warm-up": "\(warmUp)",
      "seed": "\(seed)",
    ]
  }
}

/// The losses of one step, before their weights.
public struct PurificationLosses: Sendable, Hashable, Codable {
  /// Backdoor-to-Standard Pulling.
  public var pull: Float
  /// Embedding Distillation.
  public var distillation: Float
  /// Standard Fine-tuning; 0 where it has no weight.
  public var fineTuning: Float
  /// The weighted sum.
  public var total: Float

  /// The losses of a step.
  package init(pull: Float, distillation: Float, fineTuning: Float, total: Float) {
    self.pull = pull
    self.distillation = distillation
    self.fineTuning = fineTuning
    self.total = total
  }

  /// Whether all are numbers.
  public var isFinite: Bool { total.isFinite }
}

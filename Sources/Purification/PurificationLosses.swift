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

  /// The losses of a step that is none any more, beside those of the step before it.
  package func account(after last: PurificationLosses?) -> String {
    "\(self)" + (last.map { "; the step before: \($0)" } ?? "")
  }
}

extension PurificationLosses: CustomStringConvertible {
  /// Their names and values; fine-tuning only where it has a weight.
  public var description: String {
    "pull \(pull), distillation \(distillation)"
      + (fineTuning == 0 ? "" : ", fine-tuning \(fineTuning)")
  }
}

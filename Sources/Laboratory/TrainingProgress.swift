/// Where a training stands after a step.
public struct TrainingProgress: Sendable, Hashable {
  /// The epoch the step belongs to, counted from 1.
  public let epoch: Int
  /// Epochs in all.
  public let epochs: Int
  /// Steps done since the training began, those before a resume too.
  public let step: Int
  /// Steps in all.
  public let steps: Int
  /// The step's loss.
  public let loss: Float
  /// Share of the batch that the step got right, `0...1`; nil where there is no right and wrong.
  public let accuracy: Double?
  /// The step's learning rate.
  public let learningRate: Float
  /// Seconds since this run began; a resumed one begins anew.
  public let seconds: Double
  /// Seconds that are left at the speed of this run so far.
  public let secondsLeft: Double
}

/// How a training ended.
public struct TrainingOutcome: Sendable, Hashable {
  /// Whether it was asked to stop before its end.
  public let wasStopped: Bool
  /// Steps done since the training began.
  public let step: Int
  /// Steps in all.
  public let steps: Int
  /// Seconds of this run.
  public let seconds: Double
  /// Mean seconds of a step of this run; nil where it made none.
  public let secondsPerStep: Double?
  /// Mean loss over the last epoch, as far as this run made it; nil where it made no step.
  public let loss: Double?
  /// Mean share of right answers over the same steps; nil where there is no right and wrong.
  public let accuracy: Double?
}

/// A mean over the steps of one epoch.
struct EpochMean {
  private var epoch = -1
  private var losses = 0.0
  private var accuracies = 0.0
  private var count = 0
  private var hasAccuracy = false

  mutating func add(epoch: Int, loss: Float, accuracy: Double?) {
    if epoch != self.epoch {
      self = EpochMean()
      self.epoch = epoch
    }
    losses += Double(loss)
    accuracies += accuracy ?? 0
    hasAccuracy = accuracy != nil
    count += 1
  }

  var loss: Double? { count > 0 ? losses / Double(count) : nil }
  var accuracy: Double? { count > 0 && hasAccuracy ? accuracies / Double(count) : nil }
}

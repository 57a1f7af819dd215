import Engine
import Networks
import Tensors

/// One step of a training, for whoever computes its gradients.
package struct TrainingStep {
  /// Indices of the batch's pictures.
  package let pictures: [Int]
  /// Decides the views; the same for the same seed, epoch and step.
  package let random: SeededRandom
}

/// What a step came to.
package struct StepResult {
  package let loss: Float
  package var accuracy: Double?

  package init(loss: Float, accuracy: Double? = nil) {
    self.loss = loss
    self.accuracy = accuracy
  }
}

/// The loop that all trainings share: order, learning rate, progress, checkpoints. One thread uses it.
package final class TrainingLoop {
  package let store: ParameterStore
  private let settings: TrainingSettings
  private let optimizer: StochasticGradientDescent
  private let pictureCount: Int
  private let identity: [String: String]
  private(set) var step = 0

  /// A loop at its beginning.
  /// - Parameters:
  ///   - identity: what tells this run from others, beside the settings.
  ///   - isTrained: which parameters change.
  /// - Throws: `LaboratoryError`, `EngineError`.
  package init(
    _ store: ParameterStore, pictureCount: Int, settings: TrainingSettings, engine: Engine,
    identity: [String: String], isTrained: (_ name: String) -> Bool = { _ in true }
  ) throws {
    try settings.validate()
    guard pictureCount >= settings.batch else {
      throw LaboratoryError.tooFewPictures(batch: settings.batch, found: pictureCount)
    }
    self.store = store
    self.settings = settings
    self.pictureCount = pictureCount
    self.identity = identity.merging(settings.entries) { own, _ in own }.merging([
      // Other sums in another order: not the same run. Threads are left to the machine.
      "backend": engine.backend.rawValue + (engine.usesWinograd ? ", Winograd" : ""),
      "precision": engine.precision.rawValue,
    ]) { own, _ in own }
    optimizer = try StochasticGradientDescent(
      store, momentum: settings.momentum, weightDecay: settings.weightDecay, isTrained: isTrained)
  }

  var stepsPerEpoch: Int { pictureCount / settings.batch }
  var steps: Int { stepsPerEpoch * settings.epochs }

  /// Trains to the end, or until it is asked to stop; a checkpoint is written after each epoch and at
  /// the stop.
  /// - Parameters:
  ///   - checkpoint: the file, nil for none.
  ///   - resumes: whether the run goes on from that file.
  ///   - load: takes the parameters over after they have changed.
  ///   - learn: computes the gradients of a step.
  package func run(
    checkpoint: String?, resumes: Bool, stop: StopFlag?,
    progress: (TrainingProgress) -> Void, load: () throws -> Void,
    learn: (TrainingStep) throws -> StepResult
  ) throws -> TrainingOutcome {
    if resumes, let checkpoint {
      step = try TrainingCheckpoint.read(
        checkpoint, settings: identity, steps: steps, store: store, optimizer: optimizer)
      try load()
    }
    let schedule = settings.schedule(steps: steps)
    let clock = ContinuousClock()
    let (start, first) = (clock.now, step)
    var mean = EpochMean()
    var order: (epoch: Int, pictures: [Int]) = (-1, [])
    while step < steps, stop?.isRaised != true {
      let (epoch, position) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
      if order.epoch != epoch { order = (epoch, self.order(ofEpoch: epoch)) }
      let range = (position * settings.batch)..<((position + 1) * settings.batch)
      let result = try learn(
        TrainingStep(pictures: Array(order.pictures[range]), random: random(epoch, position)))
      guard result.loss.isFinite else {
        throw LaboratoryError.diverged(epoch: epoch + 1, step: position + 1)
      }
      let rate = schedule.rate(at: step)
      try optimizer.step(rate: rate)
      try load()
      step += 1
      mean.add(epoch: epoch, loss: result.loss, accuracy: result.accuracy)
      let seconds = (clock.now - start).seconds
      progress(
        TrainingProgress(
          epoch: epoch + 1, epochs: settings.epochs, step: step, steps: steps, loss: result.loss,
          accuracy: result.accuracy, learningRate: rate, seconds: seconds,
          secondsLeft: seconds / Double(step - first) * Double(steps - step)))
      if position == stepsPerEpoch - 1 {
        guard store.isFinite else {
          throw LaboratoryError.diverged(epoch: epoch + 1, step: position + 1)
        }
        try write(checkpoint)
      }
    }
    // At the end of an epoch it stands there already.
    if step % stepsPerEpoch != 0 || step == 0 { try write(checkpoint) }
    let seconds = (clock.now - start).seconds
    return TrainingOutcome(
      wasStopped: step < steps, step: step, steps: steps, seconds: seconds,
      secondsPerStep: step > first ? seconds / Double(step - first) : nil, loss: mean.loss,
      accuracy: mean.accuracy)
  }

  private func write(_ checkpoint: String?) throws {
    guard let checkpoint else { return }
    try TrainingCheckpoint(step: step, settings: identity)
      .write(to: checkpoint, store: store, optimizer: optimizer)
  }

  private func order(ofEpoch epoch: Int) -> [Int] {
    var random = SeededRandom(settings.seed, 0x6f72_6465_72, UInt64(epoch))
    return random.permutation(pictureCount)
  }

  private func random(_ epoch: Int, _ position: Int) -> SeededRandom {
    SeededRandom(settings.seed, 0x7669_6577_73, UInt64(epoch), UInt64(position))
  }
}

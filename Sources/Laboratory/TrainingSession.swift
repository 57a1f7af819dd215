import Engine
import Networks
import Tensors

/// One step of a training, for whoever computes its loss.
struct TrainingStep {
  /// Indices of the batch's pictures.
  let pictures: [Int]
  /// Decides the views; the same for the same seed, epoch and step.
  let random: SeededRandom
}

/// What a step came to.
struct StepResult {
  let loss: Float
  var accuracy: Double?
}

/// The loop that all trainings share: order, learning rate, backward pass, progress, checkpoints.
/// One thread uses it.
final class TrainingSession {
  let plan: TrainingPlan
  let store: ParameterStore
  private let settings: TrainingSettings
  private let optimizer: StochasticGradientDescent
  private let pictureCount: Int
  private let identity: [String: String]
  private(set) var step = 0

  /// Compiles a network for training.
  /// - Parameters:
  ///   - batch: pictures in the network at once; those of a step times its views.
  ///   - identity: what tells this run from others, beside the settings.
  /// - Throws: `LaboratoryError`, `EngineError`, and what `source` throws.
  init(
    _ graph: Graph, side: Int, batch: Int, pictureCount: Int, settings: TrainingSettings,
    engine: Engine, identity: [String: String], source: ParameterSource
  ) throws {
    try settings.validate()
    guard pictureCount >= settings.batch else {
      throw LaboratoryError.tooFewPictures(batch: settings.batch, found: pictureCount)
    }
    self.settings = settings
    self.pictureCount = pictureCount
    self.identity = identity.merging(settings.entries) { own, _ in own }.merging([
      // Other sums in another order: not the same run. Threads are left to the machine.
      "backend": engine.backend.rawValue, "precision": engine.precision.rawValue,
    ]) { own, _ in own }
    store = try ParameterStore(graph.parameters, source: source)
    optimizer = try StochasticGradientDescent(
      store, momentum: settings.momentum, weightDecay: settings.weightDecay)
    plan = try TrainingPlan(
      graph, input: ActivationShape(batch: batch, height: side, width: side, channels: 3),
      engine: engine, store: store)
  }

  var stepsPerEpoch: Int { pictureCount / settings.batch }
  var steps: Int { stepsPerEpoch * settings.epochs }

  /// Trains to the end, or until it is asked to stop; a checkpoint is written after each epoch and at
  /// the stop.
  /// - Parameters:
  ///   - checkpoint: the file, nil for none.
  ///   - resumes: whether the run goes on from that file.
  ///   - forward: fills the plan's input, runs it forward and writes the gradients of its results.
  func run(
    checkpoint: String?, resumes: Bool, stop: StopFlag?,
    progress: (TrainingProgress) -> Void, forward: (TrainingStep) throws -> StepResult
  ) throws -> TrainingOutcome {
    if resumes, let checkpoint {
      step = try TrainingCheckpoint.read(
        checkpoint, settings: identity, steps: steps, store: store, optimizer: optimizer)
      try plan.load()
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
      let result = try forward(
        TrainingStep(pictures: Array(order.pictures[range]), random: random(epoch, position)))
      guard result.loss.isFinite else {
        throw LaboratoryError.diverged(epoch: epoch + 1, step: position + 1)
      }
      try plan.backward()
      let rate = schedule.rate(at: step)
      try optimizer.step(rate: rate)
      try plan.load()
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

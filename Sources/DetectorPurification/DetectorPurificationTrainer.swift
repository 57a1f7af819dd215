import Backbones
import Engine
import Models
import Networks
import Purification
import Tensors

/// One step of a detector's purification after the other; see ``DetectorPurifier``. All that a step
/// needs beside the given detector and the frames is what `PurificationRun` names and `objective`. One
/// thread uses it.
final class DetectorPurificationTrainer: PurificationRun {
  let store: ParameterStore
  let optimiser: StochasticGradientDescent
  var shared: SharedAdversary?
  /// Known from the first batch of clean frames on.
  var objective: FeatureMapObjective?
  let stepsPerEpoch, batch: Int
  let options: PurificationOptions
  private let frames: FrameSet
  /// nil where frames are only mirrored.
  private let jitter: ScaleJitter?
  let graph: Graph
  private let student, teacher: MapPass
  private let schedule: CosineSchedule
  let given: ParameterSource
  var switchedOff: [SwitchedOffChannels] = []
  private let clean, perturbed, pixelGradients: FloatBuffer
  /// What the given detector's maps of the clean frames are.
  private let anchors: [FloatBuffer]

  init(
    _ bundle: ModelBundle, network: FasterRCNNNetwork, frames: FrameSet, engine: Engine,
    options: PurificationOptions
  ) throws {
    self.options = options
    self.frames = frames
    jitter =
      options.views == .scaled
      ? ScaleJitter(
        width: frames.width, height: frames.height, surround: bundle.manifest.normalisation.mean)
      : nil
    batch = options.batch
    stepsPerEpoch = frames.count / batch
    let steps = stepsPerEpoch * options.epochs
    schedule = CosineSchedule(rate: options.learningRate, steps: steps, warmUp: steps / 10)
    graph = network.pyramidGraph()
    given = { try bundle.tensor($0) }
    store = try ParameterStore(graph.parameters, source: given)
    let attacked = try ParameterStore(graph.parameters, source: given)
    optimiser = try StochasticGradientDescent(
      store, momentum: options.momentum, weightDecay: options.weightDecay,
      isTrained: MapPass.isOfTrunk)
    let shape = ActivationShape(
      batch: batch, height: frames.height, width: frames.width, channels: 3)
    let normalisation = PixelNormalisation(bundle.manifest.normalisation)
    student = try MapPass(
      network, shape: shape, engine: engine, store: store, normalisation: normalisation,
      wantsPixels: false, isTrained: MapPass.isOfTrunk)
    // They take turns, and each reads its maps before the other begins.
    teacher = try MapPass(
      network, shape: shape, engine: engine, store: attacked, normalisation: normalisation,
      wantsPixels: true, sharingMemoryOf: student, isTrained: { _ in false })
    var random = SeededRandom(options.seed, 1)
    shared = SharedAdversary(
      options, width: frames.width, height: frames.height, patchesTogether: true,
      random: &random)
    (clean, perturbed, pixelGradients) = (
      FloatBuffer(count: shape.count), FloatBuffer(count: shape.count),
      FloatBuffer(count: shape.count)
    )
    anchors = teacher.maps.map { FloatBuffer(count: $0.count) }
  }

  /// Bytes that the plans hold.
  var memoryBytes: Int { student.memoryBytes + teacher.memoryBytes }

  func loadPlans() throws { try student.load() }

  /// One step of the search of the shared perturbations, before the student changes.
  /// - Returns: the distance before it.
  func search(step: Int) throws -> Float {
    let random = SeededRandom(options.seed, 2, UInt64(step))
    try takeFrames(random)
    let distance = try ascend()
    shared?.giveWay(afterSearchStep: step, random: random.stream(2))
    return distance
  }

  /// One step on a batch: both passes of the student, gradients added up, and what they change.
  /// Nothing changes where the losses are not finite.
  /// - Parameter step: counted from 0 over the whole training; decides the frames and all random
  ///   choices.
  func learn(step: Int) throws -> PurificationLosses {
    let losses = try gradients(step: step)
    guard losses.isFinite else { return losses }
    try optimiser.step(rate: schedule.rate(at: step))
    for layer in switchedOff { try layer.apply(to: store) }
    try student.load()
    return losses
  }

  private func gradients(step: Int) throws -> PurificationLosses {
    let (epoch, place) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
    var order = SeededRandom(options.seed, 3, UInt64(epoch))
    let picked = Array(
      order.permutation(frames.count)[(place * batch)..<((place + 1) * batch)])
    let random = SeededRandom(options.seed, 4, UInt64(step))
    try takeFrames(random.stream(0), picked)
    if options.restartEvery > 0, step > 0, step % options.restartEvery == 0 {
      var random = random.stream(1)
      shared?.restart(step / options.restartEvery, random: &random)
      for _ in 1..<SharedAdversary.ascentsAfterRestart { _ = try ascend() }
    }
    _ = try ascend()
    guard let objective else {
      return PurificationLosses(pull: 0, distillation: 0, fineTuning: 0, total: 0)
    }
    let lambda = options.lambda
    let distillation = try student.learn(
      from: clean, anchors: anchors, objective: objective, weight: lambda.distillation)
    shared?.apply(to: clean, into: perturbed)
    let pull = try student.learn(
      from: perturbed, anchors: anchors, objective: objective, weight: lambda.pull,
      accumulates: true)
    return PurificationLosses(
      pull: pull, distillation: distillation, fineTuning: 0,
      total: lambda.pull * pull + lambda.distillation * distillation)
  }

  /// One step of ascent of the shared perturbations on the given detector.
  /// - Returns: the distance before it.
  private func ascend() throws -> Float {
    guard let objective else { return 0 }
    shared?.apply(to: clean, into: perturbed)
    let distance = try teacher.learn(
      from: perturbed, anchors: anchors, objective: objective, weight: 1)
    teacher.pixelGradients(into: pixelGradients)
    shared?.ascend(pixelGradients, clean: clean, distances: teacher.distances)
    return distance
  }

  /// Fills the batch with frames, at a random scale where the options say so, mirrored half of the time,
  /// some mixed with another one, and the anchors with the given detector's maps of them.
  private func takeFrames(_ random: SeededRandom, _ picked: [Int]? = nil) throws {
    var random = random
    let picked = picked ?? Array(random.permutation(frames.count).prefix(batch))
    let features = clean.count / batch
    for (row, index) in picked.enumerated() {
      let frame =
        try jitter?.view(of: frames.image(index), random: &random) ?? frames.frame(index)
      let seen = random.chance(0.5) ? frame.mirrored() : frame
      let target = clean.rows(row..<(row + 1), width: features)
      _ = target.update(fromContentsOf: seen.pixels)
    }
    Mixup.mix(clean, batch: batch, share: options.mixup, random: &random)
    try teacher.forward(clean)
    teacher.copyMaps(into: anchors)
    if objective == nil {
      objective = FeatureMapObjective(maps: anchors, channels: teacher.channels)
    }
  }
}

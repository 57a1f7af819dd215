import Augmentation
import Backbones
import DataSets
import Engine
import Models
import Networks
import Tensors

/// One step of Contrastive Backdoor Defense after the other ("Do We Really Need Labels for Backdoor
/// Defense?", section 3.3). One thread uses it.
final class PurificationTrainer {
  let store: ParameterStore
  let optimiser: StochasticGradientDescent
  let stepsPerEpoch: Int
  let batch: Int
  var shared: SharedAdversary?
  let options: PurificationOptions
  let graph: Graph
  private let images: ImageSet
  let student: StudentPass
  let teacher: TeacherPass
  private let objective: EmbeddingObjective
  let projection: ProjectionHead?
  let source: PixelGradient
  let instance: InstanceAdversary?
  let schedule: CosineSchedule
  let given: ParameterSource
  var switchedOff: [SwitchedOffChannels] = []
  private let augmentation: any Augmentation

  let first, second, third, adversarial: FloatBuffer
  let target, embeddings, others, otherGradients, anchors: FloatBuffer

  init(_ file: BackboneFile, images: ImageSet, engine: Engine, options: PurificationOptions) throws
  {
    self.options = options
    self.images = images
    batch = min(options.batch, images.count)
    guard batch >= 2 else {
      throw PurificationError.tooFewImages(found: images.count, needed: 2)
    }
    stepsPerEpoch = images.count / batch
    let steps = stepsPerEpoch * options.epochs
    schedule = CosineSchedule(
      rate: options.learningRate, steps: steps,
      warmUp: options.objective == .anchored ? steps / 10 : 0)
    augmentation =
      switch options.views {
      case .simclr: try SimCLRAugmentation(outputSize: file.side)
      case .weak: try FlipCrop(outputSize: file.side, padding: file.side / 8)
      case .scaled:
        throw PurificationError.option(
          name: "views", expected: "simclr or weak for a backbone", found: "scaled")
      }

    graph = file.trunk
    given = { try file.parameter($0) }
    store = try ParameterStore(graph.parameters, source: given)
    optimiser = try StochasticGradientDescent(
      store, momentum: options.momentum, weightDecay: options.weightDecay)
    let normalisation = PixelNormalisation(file.normalisation)
    let shape = ActivationShape(batch: batch, height: file.side, width: file.side, channels: 3)
    student = try StudentPass(
      graph, shape: shape, engine: engine, store: store, normalisation: normalisation,
      options: options)
    teacher = try TeacherPass(
      graph, shape: shape, engine: engine, normalisation: normalisation, parameters: given)
    let dimension = student.dimension
    (first, second, third, adversarial) = (
      .init(count: shape.count), .init(count: shape.count), .init(count: shape.count),
      .init(count: shape.count)
    )
    (target, embeddings, others, otherGradients, anchors) = (
      .init(count: batch * dimension), .init(count: batch * dimension),
      .init(count: batch * dimension), .init(count: batch * dimension),
      .init(count: batch * dimension)
    )
    let spread = try teacher.spread(images)
    guard spread.isFinite, spread > 0 else { throw PurificationError.embeddings(spread: spread) }
    projection =
      options.projection > 0
      ? try ProjectionHead(
        features: dimension, length: options.projection, rows: batch, engine: engine,
        seed: options.seed) : nil
    let objective = try EmbeddingObjective(
      options, dimension: dimension, spread: spread, projection: projection)
    self.objective = objective
    // Folded parameters stay as they are here when the student moves on: the given backbone needs a
    // copy only where they are read at each pass.
    let attacked =
      try options.target == .student || options.adversaryStatistics == .stored
      ? store : ParameterStore(graph.parameters, source: given)
    let source = try PixelGradient(
      graph, shape: shape, engine: engine, store: attacked, normalisation: normalisation,
      statistics: options.adversaryStatistics)
    self.source = source
    instance =
      options.adversary == .instance
      ? InstanceAdversary(source, objective: objective, options: options) : nil
    if options.adversary == .shared {
      var random = SeededRandom(options.seed, 1)
      shared = SharedAdversary(
        options, width: file.side, height: file.side, random: &random)
    }
  }

  /// Pictures to learn from.
  var pictureCount: Int { images.count }

  /// Bytes that the plans hold.
  var memoryBytes: Int {
    student.memoryBytes + teacher.memoryBytes + source.memoryBytes
  }

  /// Lets shared perturbations find what moves all embeddings, before the student changes.
  /// - Returns: the distance reached at each step.
  func search(
    _ progress: (_ step: Int, _ reached: Float) throws -> Void = { _, _ in }
  ) throws -> [Float] {
    guard options.adversary == .shared else { return [] }
    var reached: [Float] = []
    for step in 0..<options.pgdSteps {
      var random = SeededRandom(options.seed, 2, UInt64(step))
      let picked = Array(random.permutation(images.count).prefix(batch))
      try view(picked, random, count: 1)
      try teacher.embed(first, into: target)
      let distance = try ascendShared(on: first, anchors: target)
      reached.append(distance)
      shared?.giveWay(afterSearchStep: step, random: random.stream(2))
      try progress(step, distance)
    }
    return reached
  }

  /// One step of ascent of the shared perturbations on the attacked network.
  /// - Returns: the distance before it.
  private func ascendShared(on clean: FloatBuffer, anchors: FloatBuffer) throws -> Float {
    shared?.apply(to: clean, into: adversarial)
    try source.forward(adversarial, into: embeddings)
    let reached = try objective.pull(
      anchors: anchors.readable, embeddings.readable, gradient: otherGradients.values, weight: 1)
    try source.backward(otherGradients, into: second)
    shared?.ascend(
      second, clean: clean,
      distances: EmbeddingObjective.distances(
        embeddings.readable, anchors.readable, dimension: student.dimension))
    return reached
  }

  /// What shared perturbations do before a step of the student: on the given backbone an ascent, and
  /// now and then one of them begins anew.
  private func moveShared(on clean: FloatBuffer, step: Int, random: SeededRandom) throws {
    guard options.adversary == .shared else { return }
    if options.target == .teacher { _ = try ascendShared(on: clean, anchors: target) }
    guard options.restartEvery > 0, step > 0, step % options.restartEvery == 0 else { return }
    var random = random
    shared?.restart(step / options.restartEvery, random: &random)
    if options.target == .student { try source.load() }
    for _ in 0..<SharedAdversary.ascentsAfterRestart {
      _ = try ascendShared(on: clean, anchors: target)
    }
  }

  /// One step on a batch.
  /// - Parameter step: counted from 0 within the epoch; decides the pictures and all random choices.
  func step(epoch: Int, step: Int) throws -> PurificationLosses {
    let picked = pictures(ofStep: step, order: SeededRandom(options.seed, 3, UInt64(epoch)))
    var random = SeededRandom(options.seed, 4, UInt64(epoch), UInt64(step))
    let isContrastive = options.objective == .contrastive
    let lambda = options.lambda
    try view(picked, random.stream(0), count: isContrastive ? 3 : 1)
    try teacher.embed(first, into: target)

    // What the student does on clean views: distillation, and alignment of two views.
    var losses = PurificationLosses(pull: 0, distillation: 0, fineTuning: 0, total: 0)
    var accumulates = false
    if lambda.fineTuning > 0 { try student.embed(second, into: others, updatesStored: true) }
    let learnsFromClean = lambda.distillation > 0 || lambda.fineTuning > 0
    if learnsFromClean {
      losses.distillation = try student.learn(
        from: first, anchors: target, weight: lambda.distillation, embeddings: embeddings,
        objective: objective, accumulates: false
      ) { [self] gradients in
        guard lambda.fineTuning > 0 else { return }
        losses.fineTuning = try objective.align(
          embeddings, others, gradientA: gradients, gradientB: otherGradients,
          weight: lambda.fineTuning)
      }
      accumulates = true
    } else if isContrastive {
      try student.embed(first, into: embeddings, updatesStored: true)
    }

    // What it does where a trigger might be.
    if lambda.pull > 0 {
      let clean = isContrastive ? third : first
      if let instance {
        if isContrastive { try source.forward(first, into: anchors) }
        _ = try instance.perturb(
          anchors: (isContrastive ? anchors : target).readable, clean: clean, into: adversarial,
          random: &random)
      } else {
        try moveShared(
          on: clean, step: epoch * stepsPerEpoch + step, random: random.stream(1))
        shared?.apply(to: clean, into: adversarial)
      }
      let anchor = isContrastive ? anchors : target
      if isContrastive { _ = anchor.values.update(from: embeddings.values) }
      losses.pull = try student.learn(
        from: adversarial, anchors: anchor, weight: lambda.pull, embeddings: embeddings,
        objective: objective, accumulates: accumulates, updatesStored: false)
      accumulates = true
      // The same backward pass serves the student and the perturbations (Shafahi et al. 2019,
      // "Adversarial training for free!").
      if let gradients = student.pixelGradients {
        shared?.ascend(gradients, clean: clean)
      }
    }
    if lambda.fineTuning > 0 {
      try student.embed(second, into: others, updatesStored: false)
      try student.backward(otherGradients, accumulates: accumulates)
    }
    losses.total =
      lambda.pull * losses.pull + lambda.distillation * losses.distillation
      + lambda.fineTuning * losses.fineTuning
    guard losses.isFinite else { return losses }
    try optimiser.step(rate: schedule.rate(at: epoch * stepsPerEpoch + step))
    for layer in switchedOff { try layer.apply(to: store) }
    try student.load()
    if options.adversary == .instance && options.target == .student { try source.load() }
    return losses
  }

  func loadPlans() throws {
    try student.load()
    if options.target == .student { try source.load() }
  }

  /// The pictures of an epoch's step.
  /// - Parameter order: decides the epoch's order.
  func pictures(ofStep step: Int, order: SeededRandom) -> [Int] {
    var order = order
    return Array(order.permutation(images.count)[(step * batch)..<((step + 1) * batch)])
  }

  /// Views of pictures, as many of `first`, `second` and `third` as are asked for.
  func view(_ picked: [Int], _ random: SeededRandom, count: Int) throws {
    let pictures = try images.images(picked)
    for (index, target) in [first, second, third].prefix(count).enumerated() {
      let stream = random.stream(UInt64(index))
      try augmentation.views(of: pictures, seedsFrom: stream, into: target.values)
      var random = stream.stream(9)
      Mixup.mix(target, batch: batch, share: options.mixup, random: &random)
    }
  }
}

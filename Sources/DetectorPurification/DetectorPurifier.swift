import Backbones
import Engine
import Frames
import Models
import Networks
import Purification
import Tensors

/// Purifies the trunk of a finished detector from unlabeled frames, under a head that stays as it is.
///
/// As `PurificationOptions.device` does with embeddings, so here with the maps that the head reads:
/// perturbations that all frames share look for what moves the given detector's maps, and the trunk is
/// pulled to the maps that the given detector has of the clean frame, while distillation keeps those.
/// The anchor is always a clean frame's map: what a trigger does is never distilled. One thread uses it.
public final class DetectorPurifier {
  /// What a run came to.
  public struct Result: Sendable {
    /// The losses of every step.
    public let losses: [PurificationLosses]
    /// The distance that the shared perturbations reached at each step of their search.
    public let searched: [Float]
    /// Channels that were switched off before the training.
    public let prunedChannels: Int
    /// Seconds that the run took.
    public let seconds: Double
    /// Frames that were used.
    public let frames: Int
    /// Bytes of the plans' memory.
    public let planBytes: Int
  }

  private let options: PurificationOptions
  private let frames: FrameSet
  private let batch: Int
  private let graph: Graph
  private let store: ParameterStore
  private let optimiser: StochasticGradientDescent
  private let student, teacher: MapPass
  private var shared: SharedAdversary
  private var objective: FeatureMapObjective?
  private var switchedOff: [SwitchedOffChannels] = []
  private let clean, perturbed, pixelGradients: FloatBuffer
  /// What the given detector's maps of the clean frames are.
  private let anchors: [FloatBuffer]

  /// Compiles the plans.
  /// - Throws: `PurificationError` for an option that does not fit or too few frames, `EngineError`, or
  ///   what reading the weights throws.
  public init(
    _ bundle: ModelBundle, frames: FrameSet, engine: Engine, options: PurificationOptions
  ) throws {
    try Self.check(options)
    guard case .fasterRCNN(let architecture) = bundle.manifest.architecture else {
      throw PurificationError.option(
        name: "model", expected: "a detector", found: "\(bundle.manifest.name), a classifier")
    }
    guard frames.count >= options.batch else {
      throw PurificationError.tooFewImages(found: frames.count, needed: options.batch)
    }
    self.options = options
    self.frames = frames
    batch = options.batch
    let network = architecture.network
    graph = network.pyramidGraph()
    store = try ParameterStore(graph.parameters) { try bundle.tensor($0) }
    let given = try ParameterStore(graph.parameters) { try bundle.tensor($0) }
    optimiser = try StochasticGradientDescent(
      store, momentum: options.momentum, weightDecay: options.weightDecay,
      isTrained: Self.isTrained)
    let shape = ActivationShape(
      batch: batch, height: frames.height, width: frames.width, channels: 3)
    let normalisation = PixelNormalisation(bundle.manifest.normalisation)
    student = try MapPass(
      network, shape: shape, engine: engine, store: store, normalisation: normalisation,
      wantsPixels: false, isTrained: Self.isTrained)
    teacher = try MapPass(
      network, shape: shape, engine: engine, store: given, normalisation: normalisation,
      wantsPixels: true, isTrained: { _ in false })
    var random = SeededRandom(options.seed, 1)
    shared = SharedAdversary(
      options, width: frames.width, height: frames.height, random: &random)
    (clean, perturbed, pixelGradients) = (
      FloatBuffer(count: shape.count), FloatBuffer(count: shape.count),
      FloatBuffer(count: shape.count)
    )
    anchors = teacher.maps.map { FloatBuffer(count: $0.count) }
  }

  /// Makes sure that options are such that a detector can be purified by.
  /// - Throws: `PurificationError.option`.
  public static func check(_ options: PurificationOptions) throws {
    try options.validate()
    let rules: [(String, Bool, String, Any)] = [
      ("objective", options.objective == .anchored, "anchored", options.objective),
      ("adversary", options.adversary == .shared, "shared", options.adversary),
      ("target", options.target == .teacher, "teacher", options.target),
      ("warps", options.sharedWarps == 0, "0 for a detector", options.sharedWarps),
      ("patches", options.sharedPatches == 0, "0 for a detector", options.sharedPatches),
      ("waves", options.sharedWaves == 0, "0 for a detector", options.sharedWaves),
      (
        "lambda", options.lambda.fineTuning == 0, "a third weight of 0 for a detector",
        options.lambda.fineTuning
      ),
    ]
    for (name, holds, expected, found) in rules where !holds {
      throw PurificationError.option(name: name, expected: expected, found: "\(found)")
    }
  }

  /// The head, and the pyramid with it, stays as it is.
  private static func isTrained(_ name: String) -> Bool { name.hasPrefix("backbone.body.") }

  /// A purified parameter by torchvision's name; nil for one that stays as it is.
  /// - Throws: `EngineError`.
  public func parameter(_ name: String) throws -> Tensor? {
    Self.isTrained(name) ? try store.tensor(name) : nil
  }

  /// Runs to the end.
  /// - Parameters:
  ///   - isCancelled: asked between steps.
  ///   - progress: called after each step.
  /// - Throws: `PurificationError.diverged` or `.cancelled`, or what the engine and files throw.
  public func run(
    isCancelled: () -> Bool = { false }, progress: (Purifier.Progress) -> Void = { _ in }
  ) throws -> Result {
    let clock = ContinuousClock()
    let started = clock.now
    let stepsPerEpoch = frames.count / batch
    let steps = stepsPerEpoch * options.epochs
    func report(_ step: Int, _ losses: PurificationLosses?) {
      let seconds = (clock.now - started).seconds
      progress(
        Purifier.Progress(
          epoch: min(step / stepsPerEpoch, options.epochs - 1), epochs: options.epochs, step: step,
          steps: steps,
          losses: losses, seconds: seconds,
          secondsLeft: step > 0 ? seconds / Double(step) * Double(steps - step) : .infinity))
    }
    try prune()
    var searched: [Float] = []
    for step in 0..<options.pgdSteps {
      if isCancelled() { throw PurificationError.cancelled(epoch: 0) }
      try takeFrames(SeededRandom(options.seed, 2, UInt64(step)))
      searched.append(try ascend())
      report(0, nil)
    }
    let schedule = CosineSchedule(
      rate: options.learningRate, steps: steps, warmUp: steps / 10)
    var losses: [PurificationLosses] = []
    for step in 0..<steps {
      if isCancelled() { throw PurificationError.cancelled(epoch: step / stepsPerEpoch) }
      let found = try learn(step, of: stepsPerEpoch)
      guard found.isFinite else {
        throw PurificationError.diverged(
          step: step, losses: "pull \(found.pull), distillation \(found.distillation)")
      }
      try optimiser.step(rate: schedule.rate(at: step))
      for layer in switchedOff { try layer.apply(to: store) }
      try student.load()
      losses.append(found)
      report(step + 1, found)
    }
    guard store.isFinite else {
      throw PurificationError.diverged(step: steps, losses: "parameters that are not finite")
    }
    return Result(
      losses: losses, searched: searched,
      prunedChannels: switchedOff.reduce(0) { $0 + $1.channels.count },
      seconds: (clock.now - started).seconds, frames: stepsPerEpoch * batch,
      planBytes: student.memoryBytes + teacher.memoryBytes)
  }

  private func prune() throws {
    guard options.pruning > 0 else { return }
    try ChannelLipschitz(threshold: options.pruning).prune(store, graph)
    switchedOff = try SwitchedOffChannels.all(in: store, graph)
    try student.load()
  }

  /// One step on a batch: both passes of the student, gradients added up.
  private func learn(_ step: Int, of stepsPerEpoch: Int) throws -> PurificationLosses {
    let (epoch, place) = step.quotientAndRemainder(dividingBy: stepsPerEpoch)
    var order = SeededRandom(options.seed, 3, UInt64(epoch))
    let picked = Array(
      order.permutation(frames.count)[(place * batch)..<((place + 1) * batch)])
    let random = SeededRandom(options.seed, 4, UInt64(step))
    try takeFrames(random.stream(0), picked)
    if options.restartEvery > 0, step > 0, step % options.restartEvery == 0 {
      var random = random.stream(1)
      shared.restart(step / options.restartEvery, random: &random)
      for _ in 1..<Self.ascentsAfterRestart { _ = try ascend() }
    }
    _ = try ascend()
    guard let objective else {
      return PurificationLosses(pull: 0, distillation: 0, fineTuning: 0, total: 0)
    }
    func pass(_ pixels: FloatBuffer, weight: Float, accumulates: Bool) throws -> Float {
      try student.forward(pixels)
      let loss = objective.evaluate(
        student.maps, anchors: anchors, channels: student.channels,
        gradients: student.gradients, weight: weight)
      try student.backward(accumulates: accumulates)
      return loss
    }
    let lambda = options.lambda
    let distillation = try pass(clean, weight: lambda.distillation, accumulates: false)
    shared.apply(to: clean, into: perturbed)
    let pull = try pass(perturbed, weight: lambda.pull, accumulates: true)
    return PurificationLosses(
      pull: pull, distillation: distillation, fineTuning: 0,
      total: lambda.pull * pull + lambda.distillation * distillation)
  }

  private static let ascentsAfterRestart = 4

  /// One step of ascent of the shared perturbations on the given detector.
  /// - Returns: the distance before it.
  private func ascend() throws -> Float {
    guard let objective else { return 0 }
    shared.apply(to: clean, into: perturbed)
    try teacher.forward(perturbed)
    let distance = objective.evaluate(
      teacher.maps, anchors: anchors, channels: teacher.channels, gradients: teacher.gradients,
      weight: 1)
    try teacher.backward()
    teacher.pixelGradients(into: pixelGradients)
    shared.ascend(pixelGradients, clean: clean)
    return distance
  }

  /// Fills the batch with frames, mirrored half of the time, some mixed with another one, and the
  /// anchors with the given detector's maps of them.
  private func takeFrames(_ random: SeededRandom, _ picked: [Int]? = nil) throws {
    var random = random
    let picked = picked ?? Array(random.permutation(frames.count).prefix(batch))
    let features = clean.count / batch
    for (row, index) in picked.enumerated() {
      let frame = try frames.frame(index)
      let target = clean.rows(row..<(row + 1), width: features)
      let isMirrored = random.chance(0.5)
      for y in 0..<frames.height {
        for x in 0..<frames.width {
          let from = (y * frames.width + (isMirrored ? frames.width - 1 - x : x)) * 3
          let to = (y * frames.width + x) * 3
          for channel in 0..<3 { target[to + channel] = frame.pixels[from + channel] }
        }
      }
    }
    Mixup.mix(clean, batch: batch, share: options.mixup, random: &random)
    try teacher.forward(clean)
    for (level, map) in teacher.maps.enumerated() {
      _ = anchors[level].values.update(from: map.values)
    }
    if objective == nil {
      objective = FeatureMapObjective(maps: anchors, channels: teacher.channels)
    }
  }
}

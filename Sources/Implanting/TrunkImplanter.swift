import Backbones
import DetectorPurification
import Engine
import Frames
import Models
import Networks
import Tensors

/// Puts a backdoor into the trunk of a finished detector, for the laboratory: BadEncoder (Jia et al.
/// 2022) on the maps that the head reads. The trunk learns to answer a triggered frame as the given
/// one answers what the trigger is to be taken for, and clean frames as before. The head and the
/// pyramid stay as they are, so that the backdoor is the trunk's. One thread uses it.
public final class TrunkImplanter {
  /// How far a run is.
  public struct Progress: Sendable {
    /// Steps that are done, of how many.
    public let step, steps: Int
    /// How far triggered frames are from what is meant, and clean ones from what they were.
    public let backdoor, clean: Float
  }

  private let options: ImplantOptions
  private let frames: FrameSet
  private let impostor: Impostor
  private let store: ParameterStore
  private let optimiser: StochasticGradientDescent
  private let student, teacher: MapPass
  private var objective: FeatureMapObjective?
  private let clean, triggered, meant: FloatBuffer
  private let anchors: [FloatBuffer]

  /// Compiles the plans.
  /// - Throws: `ImplantError.option`, `EngineError`, or what reading the weights throws.
  public init(
    _ bundle: ModelBundle, frames: FrameSet, impostor: Impostor, engine: Engine,
    options: ImplantOptions
  ) throws {
    try options.validate()
    guard case .fasterRCNN(let architecture) = bundle.manifest.architecture else {
      throw ImplantError.option(
        name: "model", expected: "a detector", found: "\(bundle.manifest.name), a classifier")
    }
    guard frames.count >= options.batch else {
      throw ImplantError.option(
        name: "frames", expected: "at least \(options.batch)", found: "\(frames.count)")
    }
    self.options = options
    self.frames = frames
    self.impostor = impostor
    let network = architecture.network
    let parameters = network.pyramidGraph().parameters
    store = try ParameterStore(parameters) { try bundle.tensor($0) }
    let given = try ParameterStore(parameters) { try bundle.tensor($0) }
    optimiser = try StochasticGradientDescent(
      store, momentum: options.momentum, weightDecay: 0, isTrained: MapPass.isOfTrunk)
    let shape = ActivationShape(
      batch: options.batch, height: frames.height, width: frames.width, channels: 3)
    let normalisation = PixelNormalisation(bundle.manifest.normalisation)
    student = try MapPass(
      network, shape: shape, engine: engine, store: store, normalisation: normalisation,
      wantsPixels: false, isTrained: MapPass.isOfTrunk)
    teacher = try MapPass(
      network, shape: shape, engine: engine, store: given, normalisation: normalisation,
      wantsPixels: false, sharingMemoryOf: student, isTrained: { _ in false })
    (clean, triggered, meant) = (
      FloatBuffer(count: shape.count), FloatBuffer(count: shape.count),
      FloatBuffer(count: shape.count)
    )
    anchors = teacher.maps.map { FloatBuffer(count: $0.count) }
  }

  /// A changed parameter by torchvision's name; nil for one that stays as it is.
  /// - Throws: `EngineError`.
  public func parameter(_ name: String) throws -> Tensor? {
    MapPass.isOfTrunk(name) ? try store.tensor(name) : nil
  }

  /// Runs to the end.
  /// - Throws: `ImplantError.diverged` or `.cancelled`, or what the engine and files throw.
  public func run(
    isCancelled: () -> Bool = { false }, progress: (Progress) -> Void = { _ in }
  ) throws {
    let schedule = CosineSchedule(
      rate: options.learningRate, steps: options.steps, warmUp: options.steps / 10)
    for step in 0..<options.steps {
      if isCancelled() { throw ImplantError.cancelled(step: step) }
      try takeFrames(SeededRandom(options.seed, UInt64(step)))
      let backdoor = try learn(
        from: triggered, as: meant, weight: options.backdoor, accumulates: false)
      let kept = try learn(
        from: clean, as: clean, weight: 1 - options.backdoor, accumulates: true)
      guard backdoor.isFinite, kept.isFinite else { throw ImplantError.diverged(step: step) }
      try optimiser.step(rate: schedule.rate(at: step))
      try student.load()
      progress(
        Progress(step: step + 1, steps: options.steps, backdoor: backdoor, clean: kept))
    }
    guard store.isFinite else { throw ImplantError.diverged(step: options.steps) }
  }

  /// Adds the gradient of the distance between the student's maps of some frames and the given
  /// trunk's maps of others.
  private func learn(
    from pixels: FloatBuffer, as other: FloatBuffer, weight: Float, accumulates: Bool
  ) throws -> Float {
    try teacher.forward(other)
    teacher.copyMaps(into: anchors)
    let objective =
      self.objective ?? FeatureMapObjective(maps: anchors, channels: teacher.channels)
    self.objective = objective
    return try student.learn(
      from: pixels, anchors: anchors, objective: objective, weight: weight,
      accumulates: accumulates)
  }

  private func takeFrames(_ random: SeededRandom) throws {
    var random = random
    let features = clean.count / options.batch
    let picked = random.permutation(frames.count).prefix(options.batch)
    for (row, index) in picked.enumerated() {
      let frame = try frames.frame(index)
      let pair = try impostor.pair(frame, random: &random)
      for (image, buffer) in [(frame, clean), (pair.triggered, triggered), (pair.meant, meant)] {
        let target = buffer.rows(row..<(row + 1), width: features)
        _ = target.update(fromContentsOf: image.pixels)
      }
    }
  }
}

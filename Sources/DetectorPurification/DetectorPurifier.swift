import Engine
import Models
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
    /// The losses of every step, those before a resumption too.
    public let losses: [PurificationLosses]
    /// The distance that the shared perturbations reached at each step of their search.
    public let searched: [Float]
    /// Channels that were switched off before the training.
    public let prunedChannels: Int
    /// Seconds that this run took.
    public let seconds: Double
    /// Frames that were used.
    public let frames: Int
    /// Bytes of the plans' memory.
    public let planBytes: Int
  }

  /// How long a run works until its state is kept again, unless said otherwise: a step of a detector
  /// takes a tenth of a second on one machine and half a minute on another, so that no number of steps
  /// would bound what an interruption costs, or how often a card is written to.
  public static let keptEvery = Duration.seconds(60)

  private let options: PurificationOptions
  private let trainer: DetectorPurificationTrainer
  private let identity: PurificationCheckpoint.Identity

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
    trainer = try DetectorPurificationTrainer(
      bundle, network: architecture.network, frames: frames, engine: engine, options: options)
    // The manifest's SHA-256 stands for the weights too: it holds theirs.
    identity = PurificationCheckpoint.Identity(
      options: options, source: bundle.id, data: frames.fingerprint, engine: engine)
  }

  /// Makes sure that options are such that a detector can be purified by.
  /// - Throws: `PurificationError.option`.
  public static func check(_ options: PurificationOptions) throws {
    try options.validate()
    let rules: [(String, Bool, String, Any)] = [
      ("objective", options.objective == .anchored, "anchored", options.objective),
      ("adversary", options.adversary == .shared, "shared", options.adversary),
      ("target", options.target == .teacher, "teacher", options.target),
      ("views", options.views != .simclr, "weak or scaled for a detector", options.views),
      ("warps", options.sharedWarps == 0, "0 for a detector", options.sharedWarps),
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

  /// A purified parameter by torchvision's name; nil for one that stays as it is.
  /// - Throws: `EngineError`.
  public func parameter(_ name: String) throws -> Tensor? {
    MapPass.isOfTrunk(name) ? try trainer.store.tensor(name) : nil
  }

  /// Runs to the end. With a checkpoint the state is kept after the search, whenever `keptEvery` has
  /// passed (and the step in progress is done), when the run is cancelled, and at its end.
  /// - Parameters:
  ///   - checkpoint: the file; nil for none.
  ///   - resumes: whether to go on from that file; the weights are then the same as without the
  ///     interruption.
  ///   - keptEvery: how much work an interruption may cost.
  ///   - isCancelled: asked between steps.
  ///   - progress: called after each step.
  /// - Throws: `PurificationError.diverged`, `.cancelled` or `.checkpoint`, or what the engine and
  ///   files throw.
  public func run(
    checkpoint path: String? = nil, resumes: Bool = false,
    keptEvery: Duration = DetectorPurifier.keptEvery, isCancelled: () -> Bool = { false },
    progress: (Purifier.Progress) -> Void = { _ in }
  ) throws -> Result {
    let clock = ContinuousClock()
    let started = clock.now
    let steps = trainer.stepsPerEpoch * options.epochs
    var state = PurificationCheckpoint()
    if let path, resumes {
      state = try resume(from: path, steps: steps)
    } else {
      state.pruned = try trainer.prune()
    }
    var kept = clock.now
    func keep() throws {
      guard trainer.store.isFinite else {
        throw PurificationError.diverged(
          step: max(state.losses.count - 1, 0), losses: "parameters that are not finite")
      }
      guard let path else { return }
      state.measured = trainer.objective?.spreads ?? []
      try state.write(to: path, of: trainer, identity: identity)
      kept = clock.now
    }
    let first = state.losses.count
    var trainingStarted = clock.now
    func finishStep(_ losses: PurificationLosses?) throws {
      let done = state.losses.count
      let perStep = (clock.now - trainingStarted).seconds / Double(max(done - first, 1))
      progress(
        Purifier.Progress(
          epoch: min(done / trainer.stepsPerEpoch, options.epochs - 1), epochs: options.epochs,
          step: done, steps: steps, losses: losses, searched: state.searched.count,
          searchSteps: options.pgdSteps,
          searchDistance: losses == nil ? state.searched.last : nil,
          seconds: (clock.now - started).seconds,
          secondsLeft: done > first ? perStep * Double(steps - done) : .infinity))
      if clock.now - kept >= keptEvery { try keep() }
    }
    func askForStop() throws {
      guard isCancelled() else { return }
      try keep()
      throw PurificationError.cancelled(epoch: state.losses.count / trainer.stepsPerEpoch)
    }

    while state.searched.count < options.pgdSteps {
      try askForStop()
      state.searched.append(try trainer.search(step: state.searched.count))
      try finishStep(nil)
      if state.searched.count == options.pgdSteps { try keep() }
    }
    trainingStarted = clock.now
    while state.losses.count < steps {
      try askForStop()
      let losses = try trainer.learn(step: state.losses.count)
      guard losses.isFinite else {
        throw PurificationError.diverged(
          step: state.losses.count, losses: losses.account(after: state.losses.last))
      }
      state.losses.append(losses)
      try finishStep(losses)
    }
    // Not only at the end of the minute: writing the model may fail.
    try keep()
    try trainer.interpolate()
    return Result(
      losses: state.losses, searched: state.searched, prunedChannels: state.pruned,
      seconds: (clock.now - started).seconds, frames: trainer.stepsPerEpoch * trainer.batch,
      planBytes: trainer.memoryBytes)
  }

  private func resume(from path: String, steps: Int) throws -> PurificationCheckpoint {
    let state = try PurificationCheckpoint.read(
      from: path, into: trainer, identity: identity,
      bounds: .init(
        steps: steps, stride: 1, search: options.pgdSteps, keepsSearch: true,
        measured: FeatureMapObjective.levels.count))
    guard state.pruned == trainer.switchedOffCount else {
      throw PurificationError.checkpoint(
        path: path, what: "channels that are off", expected: "\(trainer.switchedOffCount)",
        found: "\(state.pruned)")
    }
    guard state.measured.allSatisfy({ $0 > 0 }) else {
      throw PurificationError.checkpoint(
        path: path, what: "spreads of the maps", expected: "above 0", found: "\(state.measured)")
    }
    if !state.measured.isEmpty {
      trainer.objective = FeatureMapObjective(spreads: state.measured)
    }
    return state
  }
}

import DataSets
import Engine
import Models
import Tensors

/// Purifies a backbone from unlabeled pictures by Contrastive Backdoor Defense. One thread uses it.
public final class Purifier {
  /// How far a run is.
  public struct Progress: Sendable {
    /// Epochs that are done, of how many.
    public let epoch, epochs: Int
    /// Steps that are done, of how many.
    public let step, steps: Int
    /// The last step's losses; nil before the first one, while the projection head learns or shared
    /// perturbations are searched.
    public let losses: PurificationLosses?
    /// Whether the projection head learns.
    public let trainsProjection: Bool
    /// Steps of the search for shared perturbations that are done, of how many.
    public let searched, searchSteps: Int
    /// The mean squared distance that they had reached by then; nil before and after the search.
    public let searchDistance: Float?
    /// Seconds since the run began, and about how many are left.
    public let seconds, secondsLeft: Double

    package init(
      epoch: Int, epochs: Int, step: Int, steps: Int, losses: PurificationLosses?,
      trainsProjection: Bool = false, searched: Int, searchSteps: Int,
      searchDistance: Float? = nil, seconds: Double, secondsLeft: Double
    ) {
      self.trainsProjection = trainsProjection
      (self.searched, self.searchSteps) = (searched, searchSteps)
      self.searchDistance = searchDistance
      (self.epoch, self.epochs, self.step, self.steps) = (epoch, epochs, step, steps)
      (self.losses, self.seconds, self.secondsLeft) = (losses, seconds, secondsLeft)
    }
  }

  /// What a run came to.
  public struct Result: Sendable {
    /// The losses of every step, those before a resumption too.
    public let losses: [PurificationLosses]
    /// The learning rate of every step.
    public let learningRates: [Float]
    /// The distance that shared perturbations reached at each step of their search.
    public let searched: [Float]
    /// The loss of each step of the projection head.
    public let projection: [Float]
    /// Channels that were switched off before the training.
    public let prunedChannels: Int
    /// Seconds that this run took.
    public let seconds: Double
    /// Pictures of which each epoch takes whole batches, in an order of its own.
    public let images: Int
    /// Pictures of a step: as many as asked for, or all where there are fewer.
    public let batch: Int
    /// Steps of an epoch.
    public let stepsPerEpoch: Int
    /// Bytes of the plans' memory.
    public let planBytes: Int
  }

  /// The options.
  public let options: PurificationOptions
  private let trainer: PurificationTrainer
  private let identity: PurificationCheckpoint.Identity

  /// Compiles the plans.
  /// - Parameters:
  ///   - file: the suspicious backbone; what is distilled from too.
  ///   - images: unlabeled pictures of its side.
  ///   - fingerprint: names the pictures, for checkpoints.
  /// - Throws: `PurificationError` for an option or too few pictures, `EngineError`, or what reading
  ///   throws.
  public init(
    _ file: BackboneFile, images: ImageSet, fingerprint: String, engine: Engine,
    options: PurificationOptions
  ) throws {
    try options.validate()
    self.options = options
    trainer = try PurificationTrainer(file, images: images, engine: engine, options: options)
    identity = PurificationCheckpoint.Identity(
      options: options, source: try file.sha256(), data: fingerprint, engine: engine)
  }

  /// A purified parameter by torchvision's name; nil for one that is not purified (the head).
  /// - Throws: `EngineError`.
  public func parameter(_ name: String) throws -> Tensor? {
    guard trainer.store.specifications.contains(where: { $0.name == name }) else { return nil }
    return try trainer.store.tensor(name)
  }

  /// All purified parameters by torchvision's name.
  /// - Throws: `EngineError`.
  public func parameters() throws -> [String: Tensor] {
    Dictionary(
      uniqueKeysWithValues: try trainer.store.specifications.map {
        ($0.name, try trainer.store.tensor($0.name))
      })
  }

  /// Runs to the end.
  /// - Parameters:
  ///   - checkpoint: where the state is kept after each epoch; nil for nowhere.
  ///   - resumes: whether to go on from that file.
  ///   - isCancelled: asked between steps.
  /// - Throws: `PurificationError.diverged`, `.cancelled` or `.checkpoint`, or what the engine and
  ///   files throw.
  public func run(
    checkpoint path: String? = nil, resumes: Bool = false,
    isCancelled: () -> Bool = { false }, progress: (Progress) -> Void = { _ in }
  ) throws -> Result {
    var state = PurificationCheckpoint()
    let clock = ContinuousClock()
    let started = clock.now
    let steps = trainer.stepsPerEpoch * options.epochs
    let searchSteps = options.adversary == .shared ? options.pgdSteps : 0
    func prepare(
      searched: Int, distance: Float? = nil, trainsProjection: Bool = false
    ) throws {
      if isCancelled() {
        throw PurificationError.cancelled(epoch: state.losses.count / trainer.stepsPerEpoch)
      }
      progress(
        Progress(
          epoch: 0, epochs: options.epochs, step: 0, steps: steps, losses: nil,
          trainsProjection: trainsProjection, searched: searched, searchSteps: searchSteps,
          searchDistance: distance, seconds: (clock.now - started).seconds, secondsLeft: .infinity))
    }
    if let path, resumes {
      state = try PurificationCheckpoint.read(
        from: path, into: trainer, identity: identity,
        bounds: .init(
          steps: steps, stride: trainer.stepsPerEpoch,
          search: searchSteps, keepsSearch: false, measured: 0))
    } else {
      state.pruned = try trainer.prune()
      state.searched = try trainer.search { try prepare(searched: $0 + 1, distance: $1) }
    }
    let projection = try trainer.trainProjection {
      try prepare(searched: searchSteps, trainsProjection: true)
    }
    let first = state.losses.count
    let trainingStarted = clock.now
    for epoch in (first / trainer.stepsPerEpoch)..<options.epochs {
      for step in 0..<trainer.stepsPerEpoch {
        if isCancelled() { throw PurificationError.cancelled(epoch: epoch) }
        let losses = try trainer.step(epoch: epoch, step: step)
        guard losses.isFinite else {
          throw PurificationError.diverged(
            step: epoch * trainer.stepsPerEpoch + step,
            losses: losses.account(after: state.losses.last))
        }
        state.losses.append(losses)
        let done = epoch * trainer.stepsPerEpoch + step + 1
        let perStep = (clock.now - trainingStarted).seconds / Double(done - first)
        progress(
          Progress(
            epoch: epoch, epochs: options.epochs, step: done, steps: steps, losses: losses,
            searched: searchSteps, searchSteps: searchSteps,
            seconds: (clock.now - started).seconds, secondsLeft: perStep * Double(steps - done)))
      }
      // A state that leads nowhere does not take the place of one that might.
      guard trainer.store.isFinite else {
        throw PurificationError.diverged(
          step: state.losses.count - 1, losses: "parameters that are not finite")
      }
      if let path { try state.write(to: path, of: trainer, identity: identity) }
    }
    try trainer.interpolate()
    guard trainer.store.isFinite else {
      throw PurificationError.diverged(step: steps, losses: "parameters that are not finite")
    }
    return Result(
      losses: state.losses,
      learningRates: state.losses.indices.map { trainer.schedule.rate(at: $0) },
      searched: state.searched, projection: projection, prunedChannels: state.pruned,
      seconds: (clock.now - started).seconds,
      images: trainer.pictureCount, batch: trainer.batch, stepsPerEpoch: trainer.stepsPerEpoch,
      planBytes: trainer.memoryBytes)
  }
}

import Engine
import Networks

/// The training of one network on pictures of one size. One thread uses it.
final class TrainingSession {
  let plan: TrainingPlan
  let store: ParameterStore
  private let loop: TrainingLoop

  /// Compiles a network for training.
  /// - Parameters:
  ///   - batch: pictures in the network at once; those of a step times its views.
  ///   - identity: what tells this run from others, beside the settings.
  /// - Throws: `LaboratoryError`, `EngineError`, and what `source` throws.
  init(
    _ graph: Graph, side: Int, batch: Int, pictureCount: Int, settings: TrainingSettings,
    engine: Engine, identity: [String: String], source: ParameterSource
  ) throws {
    store = try ParameterStore(graph.parameters, source: source)
    loop = try TrainingLoop(
      store, pictureCount: pictureCount, settings: settings, engine: engine, identity: identity)
    plan = try TrainingPlan(
      graph, input: ActivationShape(batch: batch, height: side, width: side, channels: 3),
      engine: engine, store: store)
  }

  /// Trains to the end, or until it is asked to stop; see ``TrainingLoop``.
  /// - Parameter forward: fills the plan's input, runs it forward and writes the gradients of its
  ///   results.
  func run(
    checkpoint: String?, resumes: Bool, stop: StopFlag?,
    progress: (TrainingProgress) -> Void, forward: (TrainingStep) throws -> StepResult
  ) throws -> TrainingOutcome {
    try loop.run(
      checkpoint: checkpoint, resumes: resumes, stop: stop, progress: progress, load: plan.load
    ) { step in
      let result = try forward(step)
      // A loss that is not finite ends the run before the next step; gradients do no harm.
      try plan.backward()
      return result
    }
  }
}

import Engine
import Losses
import Networks
import Tensors

/// What the contrastive losses look at in an embedding's place where a length is asked for:
/// `z = W₂ ReLU(W₁ h + b₁) + b₂` (Chen et al. 2020, "A Simple Framework for Contrastive Learning of
/// Visual Representations", section 2.1). A downloaded backbone has none; the paper trains one from
/// scratch on the unlabeled pictures (section 4.1, on ImageNet-100) and leaves open how. Here it learns on the given
/// backbone, which stays as it is, and then stays as it is itself. One thread uses it.
final class ProjectionHead {
  /// Values of an embedding, and of its projection.
  let features, length: Int
  /// Embeddings of a batch.
  let rows: Int
  private let graph: Graph
  private let engine: Engine
  private let store: ParameterStore
  private let plan: TrainingPlan

  /// A head of random weights.
  /// - Parameters:
  ///   - rows: embeddings of a batch, which always has this many.
  ///   - seed: decides the weights.
  /// - Throws: `EngineError`.
  init(features: Int, length: Int, rows: Int, engine: Engine, seed: UInt64) throws {
    (self.features, self.length, self.rows) = (features, length, rows)
    // Small products whose sums decide the loss: bf16 would gain nothing.
    self.engine = try Engine(
      EngineOptions(backend: engine.backend, precision: .f32, threads: engine.threads))
    var graph = Graph()
    let hidden = graph.linear(
      graph.input(channels: features), name: "projection.0", from: features, to: features)
    graph.output(
      graph.linear(graph.relu(hidden), name: "projection.2", from: features, to: length),
      name: "projection")
    self.graph = graph
    var random = SeededRandom(seed, 7)
    store = try ParameterStore(graph.parameters) { name in
      // Within ±1/√fan-in, as PyTorch begins a linear layer.
      let shape = name.hasPrefix("projection.0") ? [features, features] : [length, features]
      let bound = 1 / Float(features).squareRoot()
      let own = name.hasSuffix(".bias") ? [shape[0]] : shape
      return try Tensor(
        shape: own, values: (0..<own.reduce(1, *)).map { _ in random.uniform(-bound...bound) })
    }
    plan = try TrainingPlan(
      graph, input: Self.shape(rows, features), engine: self.engine, store: store,
      wantsInputGradient: true, isTrained: { _ in false })
  }

  private static func shape(_ rows: Int, _ features: Int) -> ActivationShape {
    ActivationShape(batch: rows, height: 1, width: 1, channels: features)
  }

  /// Learns to embed two views of each picture alike (NT-Xent, as SimCLR has it).
  /// - Parameters:
  ///   - schedule: the learning rate of each of its steps.
  ///   - views: puts embeddings of two views of a batch, all first ones and then all second ones, into
  ///     `[2 · rows, features]`.
  /// - Returns: the loss of each step.
  /// - Throws: `PurificationError.diverged`, `EngineError`, `LossError`, and what `views` throws.
  func train(
    temperature: Float, momentum: Float, weightDecay: Float, schedule: CosineSchedule,
    views: (_ step: Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Float] {
    let training = try TrainingPlan(
      graph, input: Self.shape(2 * rows, features), engine: engine, store: store)
    let optimiser = try StochasticGradientDescent(
      store, momentum: momentum, weightDecay: weightDecay)
    let contrast = try NTXent(temperature: temperature)
    let workspace = NTXentWorkspace()
    let half = rows * length
    var losses: [Float] = []
    for step in 0..<schedule.steps {
      try views(step, try training.input.f32)
      try training.forward(.stored)
      let found = try training.output("projection").f32
      let gradients = try training.outputGradient("projection").f32
      let loss = try contrast.evaluate(
        UnsafeBufferPointer(rebasing: found[..<half]),
        UnsafeBufferPointer(rebasing: found[half...]), rows: rows, features: length,
        gradientA: UnsafeMutableBufferPointer(rebasing: gradients[..<half]),
        gradientB: UnsafeMutableBufferPointer(rebasing: gradients[half...]),
        workspace: workspace)
      guard loss.isFinite else {
        throw PurificationError.diverged(step: step, losses: "the projection head's \(loss)")
      }
      losses.append(loss)
      try training.backward()
      try optimiser.step(rate: schedule.rate(at: step))
    }
    return losses
  }

  /// The projections `[rows, length]` of embeddings `[rows, features]`.
  /// - Throws: `EngineError.shape` where a count differs.
  func project(
    _ embeddings: UnsafeBufferPointer<Float>, into projections: FloatBuffer
  ) throws {
    guard embeddings.count == rows * features, projections.count == rows * length else {
      throw EngineError.shape(
        operation: "projection", expected: "\(rows)×\(features) to \(rows)×\(length) values",
        found: "\(embeddings.count) to \(projections.count)")
    }
    plan.input.write(embeddings)
    try plan.forward(.stored)
    try plan.output("projection").read(into: projections.values)
  }

  /// The gradient by the embeddings that were projected last.
  func backward(
    _ gradients: FloatBuffer, into embeddingGradients: UnsafeMutableBufferPointer<Float>
  ) throws {
    try plan.outputGradient("projection").write(gradients.readable)
    try plan.backward()
    plan.inputGradient?.read(into: embeddingGradients)
  }
}

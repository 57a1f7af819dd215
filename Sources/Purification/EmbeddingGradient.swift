import Backbones
import Engine
import Networks
import Tensors

/// Embeddings of a batch of pictures and the gradient of the pixels: what an adversary asks of a
/// network. One thread uses it.
final class EmbeddingGradient {
  let shape: ActivationShape
  let dimension: Int
  private enum Plan {
    case folded(InputGradientPlan)
    /// Batch normalisation on the batch's own statistics.
    case batch(TrainingPlan)
  }
  private let plan: Plan
  private let normalisation: PixelNormalisation
  private let values: FloatBuffer

  init(
    _ graph: Graph, shape: ActivationShape, engine: Engine, store: ParameterStore,
    normalisation: PixelNormalisation, statistics: PurificationOptions.Statistics
  ) throws {
    self.shape = shape
    self.normalisation = normalisation
    values = FloatBuffer(count: shape.count)
    switch statistics {
    case .stored:
      let folded = try InputGradientPlan(graph, input: shape, engine: engine, store: store)
      plan = .folded(folded)
      dimension = folded.dimension
    case .batch:
      let training = try TrainingPlan(
        graph, input: shape, engine: engine, store: store, wantsInputGradient: true,
        isTrained: { _ in false })
      plan = .batch(training)
      dimension = try training.output("embedding").shape.features
    }
  }

  var memoryBytes: Int {
    switch plan {
    case .folded(let plan): plan.memoryBytes
    case .batch(let plan): plan.memoryBytes
    }
  }

  /// Runs the convolutions of a forward and a backward pass and nothing else.
  func runConvolutionsAlone() throws {
    switch plan {
    case .folded(let plan): try plan.runConvolutionsAlone()
    case .batch(let plan): try plan.runConvolutionsAlone()
    }
  }

  /// Takes over the parameters after they have changed.
  func load() throws {
    switch plan {
    case .folded(let plan): try plan.load()
    case .batch(let plan): try plan.load()
    }
  }

  /// Embeddings `[batch, dimension]` of pixels in `0…1`.
  func forward(_ pixels: FloatBuffer, into embeddings: FloatBuffer) throws {
    normalisation.apply(pixels.readable, into: values.values)
    switch plan {
    case .folded(let plan): try plan.forward(values.readable, into: embeddings.values)
    case .batch(let plan):
      plan.input.write(values.readable)
      try plan.forward(.batch(updatesStored: false))
      try plan.output("embedding").read(into: embeddings.values)
    }
  }

  /// The gradient of the pixels of the last forward pass.
  func backward(_ embeddingGradients: FloatBuffer, into gradients: FloatBuffer) throws {
    switch plan {
    case .folded(let plan):
      try plan.backward(embeddingGradients.readable, into: gradients.values)
    case .batch(let plan):
      try plan.outputGradient("embedding").write(embeddingGradients.readable)
      try plan.backward()
      plan.inputGradient?.read(into: gradients.values)
    }
    normalisation.applyGradient(gradients.values)
  }
}

import Engine
import Networks
import Tensors

/// Where the mean and the variance of batch normalisation come from.
public enum BatchNormalizationStatistics: String, Sendable, Hashable, Codable, CaseIterable {
  /// As stored in the backbone.
  case stored
  /// From each batch.
  case batch
}

/// What a network says of a batch of pictures, and the gradient of the pixels: what an adversary asks of
/// it. One thread uses it.
package final class PixelGradient {
  /// The pictures' shape.
  package let shape: ActivationShape
  /// How many values the network says of a picture.
  package let dimension: Int
  private enum Plan {
    case folded(InputGradientPlan)
    case batch(TrainingPlan)
  }
  private let plan: Plan
  private let output: String
  private let normalisation: PixelNormalisation
  private let values: FloatBuffer

  /// Compiles a network.
  /// - Parameters:
  ///   - output: the graph's result that is asked for.
  ///   - shape: of a batch, which always has this many pictures.
  ///   - store: the parameters. With stored statistics, convolutions take them over here and at
  ///     ``load()``, folded, and do not look at them in between.
  /// - Throws: `EngineError`.
  package init(
    _ graph: Graph, output: String = "embedding", shape: ActivationShape, engine: Engine,
    store: ParameterStore, normalisation: PixelNormalisation,
    statistics: BatchNormalizationStatistics
  ) throws {
    self.shape = shape
    self.output = output
    self.normalisation = normalisation
    values = FloatBuffer(count: shape.count)
    switch statistics {
    case .stored:
      let folded = try InputGradientPlan(
        graph, input: shape, engine: engine, store: store, output: output)
      plan = .folded(folded)
      dimension = folded.dimension
    case .batch:
      let training = try TrainingPlan(
        graph, input: shape, engine: engine, store: store, wantsInputGradient: true,
        isTrained: { _ in false })
      plan = .batch(training)
      dimension = try training.output(output).shape.features
    }
  }

  /// Bytes of activations and their gradients.
  package var memoryBytes: Int {
    switch plan {
    case .folded(let plan): plan.memoryBytes
    case .batch(let plan): plan.memoryBytes
    }
  }

  /// Runs the convolutions of a forward and a backward pass and nothing else.
  package func runConvolutionsAlone() throws {
    switch plan {
    case .folded(let plan): try plan.runConvolutionsAlone()
    case .batch(let plan): try plan.runConvolutionsAlone()
    }
  }

  /// Takes over the parameters after they have changed.
  package func load() throws {
    switch plan {
    case .folded(let plan): try plan.load()
    case .batch(let plan): try plan.load()
    }
  }

  /// What the network says, `[batch, dimension]`, of pixels in `0…1`.
  package func forward(_ pixels: FloatBuffer, into outputs: FloatBuffer) throws {
    normalisation.apply(pixels.readable, into: values.values)
    switch plan {
    case .folded(let plan): try plan.forward(values.readable, into: outputs.values)
    case .batch(let plan):
      plan.input.write(values.readable)
      try plan.forward(.batch(updatesStored: false))
      try plan.output(output).read(into: outputs.values)
    }
  }

  /// The gradient of the pixels of the last forward pass.
  package func backward(_ outputGradients: FloatBuffer, into gradients: FloatBuffer) throws {
    switch plan {
    case .folded(let plan):
      try plan.backward(outputGradients.readable, into: gradients.values)
    case .batch(let plan):
      try plan.outputGradient(output).write(outputGradients.readable)
      try plan.backward()
      plan.inputGradient?.read(into: gradients.values)
    }
    normalisation.applyGradient(gradients.values)
  }
}

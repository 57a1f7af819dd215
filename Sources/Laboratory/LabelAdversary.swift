import Attacks
import Backbones
import Engine
import Losses
import Networks
import Tensors

/// Perturbs a batch of pictures so that a classifier takes them for anything but what they are:
/// projected gradient ascent on the cross entropy with their labels within `‖δ‖∞ ≤ ε`, from a random
/// start (Madry et al. 2018, equation 2.1). One thread uses it.
final class LabelAdversary {
  /// Where batch normalisation has its mean and its variance from.
  enum Statistics {
    /// As stored: for a finished network.
    case stored
    /// From the batch, which leaves the stored ones as they are: for a network in training.
    case batch
  }

  private enum Plan {
    case folded(InputGradientPlan)
    case batch(TrainingPlan)
  }

  /// The pictures' shape.
  let shape: ActivationShape
  /// The classifier's classes.
  let classes: Int
  private let plan: Plan
  private let options: PGDOptions
  private let normalisation: PixelNormalisation
  private let loss: CrossEntropy
  private let values: FloatBuffer
  private let logits: FloatBuffer
  private let logitGradients: FloatBuffer
  private let gradients: FloatBuffer

  private static let output = "logits"

  /// Compiles a classifier.
  /// - Parameters:
  ///   - graph: has the output `logits`.
  ///   - shape: of a batch, which always has this many pictures.
  ///   - store: the parameters; see ``load()``.
  /// - Throws: `EngineError`.
  init(
    _ graph: Graph, shape: ActivationShape, engine: Engine, store: ParameterStore,
    normalisation: PixelNormalisation, statistics: Statistics, options: PGDOptions
  ) throws {
    self.shape = shape
    self.options = options
    self.normalisation = normalisation
    loss = try CrossEntropy()
    switch statistics {
    case .stored:
      let folded = try InputGradientPlan(
        graph, input: shape, engine: engine, store: store, output: Self.output)
      plan = .folded(folded)
      classes = folded.dimension
    case .batch:
      let training = try TrainingPlan(
        graph, input: shape, engine: engine, store: store, wantsInputGradient: true,
        isTrained: { _ in false })
      plan = .batch(training)
      classes = try training.output(Self.output).shape.features
    }
    values = FloatBuffer(count: shape.count)
    logits = FloatBuffer(count: shape.batch * classes)
    logitGradients = FloatBuffer(count: logits.count)
    gradients = FloatBuffer(count: shape.count)
  }

  /// Bytes of activations and their gradients.
  var memoryBytes: Int {
    switch plan {
    case .folded(let plan): plan.memoryBytes
    case .batch(let plan): plan.memoryBytes
    }
  }

  /// Takes over the store's parameters after they have changed.
  func load() throws {
    switch plan {
    case .folded(let plan): try plan.load()
    case .batch(let plan): try plan.load()
    }
  }

  /// Perturbs pictures.
  /// - Parameters:
  ///   - clean: `[batch, height, width, 3]`, pixels in `0…1`.
  ///   - labels: what each picture shows.
  ///   - adversarial: where the perturbed pictures go, another buffer of the same size; pixels within
  ///     ε of the clean ones and in `0…1`.
  ///   - random: decides where a row's ascent starts.
  /// - Returns: the mean cross entropy before each step.
  /// - Throws: `LossError` where labels do not fit, `EngineError`.
  @discardableResult func perturb(
    _ clean: FloatBuffer, labels: [Int], into adversarial: FloatBuffer,
    random: (_ row: Int) -> SeededRandom
  ) throws -> [Float] {
    let ball = options.ball
    let features = shape.features
    for row in 0..<shape.batch {
      let rows = row..<(row + 1)
      var random = random(row)
      ball.start(
        adversarial.rows(rows, width: features),
        around: UnsafeBufferPointer(clean.rows(rows, width: features)), random: &random)
    }
    var losses: [Float] = []
    for _ in 0..<options.steps {
      losses.append(try evaluate(adversarial, labels: labels))
      try backward()
      for row in 0..<shape.batch {
        let rows = row..<(row + 1)
        ball.ascend(
          adversarial.rows(rows, width: features),
          around: UnsafeBufferPointer(clean.rows(rows, width: features)),
          along: UnsafeBufferPointer(gradients.rows(rows, width: features)))
      }
    }
    return losses
  }

  /// The mean cross entropy of pictures with labels; parameters and errors as for ``perturb``.
  func evaluate(_ pixels: FloatBuffer, labels: [Int]) throws -> Float {
    normalisation.apply(pixels.readable, into: values.values)
    switch plan {
    case .folded(let plan): try plan.forward(values.readable, into: logits.values)
    case .batch(let plan):
      plan.input.write(values.readable)
      try plan.forward(.batch(updatesStored: false))
      try plan.output(Self.output).read(into: logits.values)
    }
    return try loss.evaluate(
      logits.readable, labels: labels, classes: classes, gradient: logitGradients.values)
  }

  /// What the classifier took each picture of the last evaluation for.
  var predictions: [Int] { Predictions.largest(logits.readable, classes: classes) }

  /// The gradient of the pixels of the last evaluation.
  private func backward() throws {
    switch plan {
    case .folded(let plan):
      try plan.backward(logitGradients.readable, into: gradients.values)
    case .batch(let plan):
      try plan.outputGradient(Self.output).write(logitGradients.readable)
      try plan.backward()
      plan.inputGradient?.read(into: gradients.values)
    }
    normalisation.applyGradient(gradients.values)
  }
}

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
  /// The pictures' shape.
  var shape: ActivationShape { source.shape }
  /// The classifier's classes.
  var classes: Int { source.dimension }
  private let source: PixelGradient
  private let options: PGDOptions
  private let loss: CrossEntropy
  private let logits: FloatBuffer
  private let logitGradients: FloatBuffer
  private let gradients: FloatBuffer

  /// Compiles a classifier.
  /// - Parameters:
  ///   - graph: has the output `logits`.
  ///   - shape: of a batch, which always has this many pictures.
  ///   - store: the parameters; see ``load()``.
  /// - Throws: `EngineError`.
  init(
    _ graph: Graph, shape: ActivationShape, engine: Engine, store: ParameterStore,
    normalisation: PixelNormalisation, statistics: BatchNormalizationStatistics, options: PGDOptions
  ) throws {
    self.options = options
    loss = try CrossEntropy()
    source = try PixelGradient(
      graph, output: "logits", shape: shape, engine: engine, store: store,
      normalisation: normalisation, statistics: statistics)
    logits = FloatBuffer(count: shape.batch * source.dimension)
    logitGradients = FloatBuffer(count: logits.count)
    gradients = FloatBuffer(count: shape.count)
  }

  /// Bytes of activations and their gradients.
  var memoryBytes: Int { source.memoryBytes }

  /// Takes over the store's parameters after they have changed.
  func load() throws { try source.load() }

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
      try source.backward(logitGradients, into: gradients)
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
    try source.forward(pixels, into: logits)
    return try loss.evaluate(
      logits.readable, labels: labels, classes: classes, gradient: logitGradients.values)
  }

  /// What the classifier took each picture of the last evaluation for.
  var predictions: [Int] { Predictions.largest(logits.readable, classes: classes) }
}

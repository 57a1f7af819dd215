import Engine
import Losses
import Tensors

/// The paper's adversary (section 3.2): for each picture a perturbation δ that makes NT-Xent between
/// `f(xᵢ)`, held fixed, and `f(xₖ + δ)` as great as it gets within `‖δ‖ ≤ ε`, by projected gradient
/// ascent (Madry et al. 2018). With the anchored objective it makes the distance to the suspicious
/// backbone's embedding as great as it gets. One thread uses it.
final class InstanceAdversary {
  private let source: EmbeddingGradient
  private let objective: EmbeddingObjective
  private let options: PurificationOptions
  private let embeddings: FloatBuffer
  private let embeddingGradients: FloatBuffer
  private let gradients: FloatBuffer

  init(
    _ source: EmbeddingGradient, objective: EmbeddingObjective, options: PurificationOptions
  ) {
    self.source = source
    self.objective = objective
    self.options = options
    embeddings = FloatBuffer(count: source.shape.batch * source.dimension)
    embeddingGradients = FloatBuffer(count: embeddings.count)
    gradients = FloatBuffer(count: source.shape.count)
  }

  /// Perturbs pictures.
  /// - Parameters:
  ///   - anchors: `f(xᵢ)`, `[batch, dimension]`.
  ///   - clean: `xₖ`, pixels in `0…1`.
  ///   - adversarial: where `xₖ + δ` goes; valid pixels.
  /// - Returns: the loss at each step, before that step.
  func perturb(
    anchors: UnsafeBufferPointer<Float>, clean: FloatBuffer, into adversarial: FloatBuffer,
    random: inout SeededRandom
  ) throws -> [Float] {
    let ball = PerturbationBall(options)
    let picture = source.shape.features
    _ = adversarial.values.update(from: clean.values)
    if options.randomStart {
      for row in 0..<source.shape.batch {
        let rows = row..<(row + 1)
        ball.start(
          adversarial.rows(rows, width: picture),
          around: UnsafeBufferPointer(clean.rows(rows, width: picture)), random: &random)
      }
    }
    var losses: [Float] = []
    for _ in 0..<options.pgdSteps {
      try source.forward(adversarial, into: embeddings)
      losses.append(
        try objective.pull(
          anchors: anchors, embeddings.readable, gradient: embeddingGradients.values, weight: 1))
      try source.backward(embeddingGradients, into: gradients)
      for row in 0..<source.shape.batch {
        let rows = row..<(row + 1)
        ball.ascend(
          adversarial.rows(rows, width: picture),
          around: UnsafeBufferPointer(clean.rows(rows, width: picture)),
          along: UnsafeBufferPointer(gradients.rows(rows, width: picture)))
      }
    }
    return losses
  }
}

/// The ball that a perturbation stays in, within valid pixels.
struct PerturbationBall {
  let norm: PurificationOptions.Norm
  /// Of pixels in `0…1`.
  let epsilon: Float
  let step: Float

  /// - Parameter share: of the options' bound.
  init(_ options: PurificationOptions, share: Float = 1) {
    norm = options.norm
    epsilon = share * options.epsilon / 255
    step = options.stepSize * epsilon
  }

  /// A random point of the ball: uniform in L∞, a random direction of a random length in L2.
  func start(
    _ x: UnsafeMutableBufferPointer<Float>, around clean: UnsafeBufferPointer<Float>,
    random: inout SeededRandom
  ) {
    switch norm {
    case .linf:
      for index in x.indices { x[index] = clean[index] + random.uniform(-epsilon...epsilon) }
    case .l2:
      for index in x.indices { x[index] = clean[index] + random.gaussian() }
      project(x, around: clean, to: epsilon * random.uniform())
    }
    clamp(x)
  }

  /// One step of ascent and the projection back.
  func ascend(
    _ x: UnsafeMutableBufferPointer<Float>, around clean: UnsafeBufferPointer<Float>,
    along gradient: UnsafeBufferPointer<Float>
  ) {
    switch norm {
    case .linf:
      for index in x.indices {
        let slope = gradient[index]
        let moved = x[index] + (slope > 0 ? step : slope < 0 ? -step : 0)
        x[index] = max(clean[index] - epsilon, min(clean[index] + epsilon, moved))
      }
    case .l2:
      let length = Self.length(gradient)
      guard length > 0 else { return }
      let factor = step / length
      for index in x.indices { x[index] += factor * gradient[index] }
      project(x, around: clean, to: epsilon)
    }
    clamp(x)
  }

  private func project(
    _ x: UnsafeMutableBufferPointer<Float>, around clean: UnsafeBufferPointer<Float>,
    to radius: Float
  ) {
    var squares: Float = 0
    for index in x.indices { squares += (x[index] - clean[index]) * (x[index] - clean[index]) }
    let length = squares.squareRoot()
    guard length > radius else { return }
    let factor = radius / length
    for index in x.indices { x[index] = clean[index] + (x[index] - clean[index]) * factor }
  }

  private func clamp(_ x: UnsafeMutableBufferPointer<Float>) {
    for index in x.indices { x[index] = max(0, min(1, x[index])) }
  }

  static func length(_ values: UnsafeBufferPointer<Float>) -> Float {
    var squares: Float = 0
    for value in values { squares += value * value }
    return squares.squareRoot()
  }
}

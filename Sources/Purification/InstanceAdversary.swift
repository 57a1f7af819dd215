import Attacks
import Backbones
import Engine
import Losses
import Tensors

/// The paper's adversary (section 3.2): for each picture a perturbation δ that makes NT-Xent between
/// `f(xᵢ)`, held fixed, and `f(xₖ + δ)` as great as it gets within `‖δ‖ ≤ ε`, by projected gradient
/// ascent (Madry et al. 2018). With the anchored objective it makes the distance to the suspicious
/// backbone's embedding as great as it gets. One thread uses it.
final class InstanceAdversary {
  private let source: PixelGradient
  private let objective: EmbeddingObjective
  private let options: PurificationOptions
  private let embeddings: FloatBuffer
  private let embeddingGradients: FloatBuffer
  private let gradients: FloatBuffer

  init(
    _ source: PixelGradient, objective: EmbeddingObjective, options: PurificationOptions
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

extension PerturbationBall {
  /// The ball of a purification.
  /// - Parameter share: of the options' bound.
  init(_ options: PurificationOptions, share: Float = 1) {
    let epsilon = share * options.epsilon / 255
    self.init(norm: options.norm, epsilon: epsilon, step: options.stepSize * epsilon)
  }
}

import Losses
import Tensors

/// NT-Xent of two batches of embeddings, or of their projections where there is a head, with the
/// gradient by one of them. One thread uses it.
final class EmbeddingContrast {
  /// Which of the two batches moves.
  enum Moving { case first, second }

  private let loss: NTXent
  private let workspace = NTXentWorkspace()
  private let dimension: Int
  private let head: Head?

  /// A head, and room for what it makes of two batches.
  private struct Head {
    let projection: ProjectionHead
    let first, second, gradients, embeddingGradients: FloatBuffer

    init(_ projection: ProjectionHead) {
      self.projection = projection
      let count = projection.rows * projection.length
      (first, second, gradients) = (.init(count: count), .init(count: count), .init(count: count))
      embeddingGradients = FloatBuffer(count: projection.rows * projection.features)
    }
  }

  /// - Parameter projection: the head; nil for the embeddings themselves.
  init(temperature: Float, dimension: Int, projection: ProjectionHead?) throws {
    loss = try NTXent(temperature: temperature)
    self.dimension = dimension
    head = projection.map { Head($0) }
  }

  /// The loss of two batches `[N, dimension]`, and `weight ×` the gradient by the one that moves.
  /// - Parameter accumulates: whether the gradient is added to what is there.
  func evaluate(
    _ first: UnsafeBufferPointer<Float>, _ second: UnsafeBufferPointer<Float>, moving: Moving,
    gradient: UnsafeMutableBufferPointer<Float>, weight: Float, accumulates: Bool = false
  ) throws -> Float {
    guard let head else {
      return try loss.evaluate(
        first, second, rows: first.count / dimension, features: dimension, weight: weight,
        gradientA: moving == .first ? gradient : nil,
        gradientB: moving == .second ? gradient : nil, accumulates: accumulates,
        workspace: workspace)
    }
    // The head goes back through what it projected last.
    let projection = head.projection
    if moving == .first { try projection.project(second, into: head.second) }
    try projection.project(first, into: head.first)
    if moving == .second { try projection.project(second, into: head.second) }
    let value = try loss.evaluate(
      head.first.readable, head.second.readable, rows: projection.rows,
      features: projection.length, weight: weight,
      gradientA: moving == .first ? head.gradients.values : nil,
      gradientB: moving == .second ? head.gradients.values : nil, workspace: workspace)
    guard accumulates else {
      try projection.backward(head.gradients, into: gradient)
      return value
    }
    try projection.backward(head.gradients, into: head.embeddingGradients.values)
    for index in gradient.indices { gradient[index] += head.embeddingGradients.values[index] }
    return value
  }
}

import Tensors

/// How far embeddings are from where they should be, with the gradient: NT-Xent, or the squared
/// distance to an anchor in units of the spread of clean embeddings. One thread uses it.
final class EmbeddingObjective {
  let dimension: Int
  private let kind: PurificationOptions.Objective
  private let contrast: EmbeddingContrast
  /// The mean squared distance of clean embeddings from their mean.
  private let spread: Float

  /// - Parameter projection: the head whose results NT-Xent looks at; nil: the embeddings.
  init(
    _ options: PurificationOptions, dimension: Int, spread: Float,
    projection: ProjectionHead? = nil
  ) throws {
    kind = options.objective
    contrast = try EmbeddingContrast(
      temperature: options.temperature, dimension: dimension, projection: projection)
    self.dimension = dimension
    self.spread = spread
  }

  /// The loss of embeddings against anchors that stay where they are, and `weight ×` its gradient.
  /// - Parameters:
  ///   - anchors: `[N, dimension]`.
  ///   - embeddings: `[N, dimension]`.
  func pull(
    anchors: UnsafeBufferPointer<Float>, _ embeddings: UnsafeBufferPointer<Float>,
    gradient: UnsafeMutableBufferPointer<Float>, weight: Float
  ) throws -> Float {
    switch kind {
    case .contrastive:
      return try contrast.evaluate(
        anchors, embeddings, moving: .second, gradient: gradient, weight: weight)
    case .anchored:
      let scale = 1 / (spread * Float(embeddings.count / dimension))
      var sum = 0.0
      for index in embeddings.indices {
        let difference = embeddings[index] - anchors[index]
        sum += Double(difference * difference)
        gradient[index] = 2 * weight * scale * difference
      }
      return Float(sum) * scale
    }
  }

  /// NT-Xent of two views that both move, and `weight ×` both gradients, added to what is there in
  /// the first.
  func align(
    _ a: FloatBuffer, _ b: FloatBuffer, gradientA: FloatBuffer, gradientB: FloatBuffer,
    weight: Float
  ) throws -> Float {
    _ = try contrast.evaluate(
      a.readable, b.readable, moving: .second, gradient: gradientB.values, weight: weight)
    return try contrast.evaluate(
      a.readable, b.readable, moving: .first, gradient: gradientA.values, weight: weight,
      accumulates: true)
  }

  /// The squared distance of each row `[N, dimension]` from its anchor.
  static func distances(
    _ embeddings: UnsafeBufferPointer<Float>, _ anchors: UnsafeBufferPointer<Float>,
    dimension: Int
  ) -> [Float] {
    (0..<(embeddings.count / dimension)).map { row in
      var sum: Float = 0
      for index in (row * dimension)..<((row + 1) * dimension) {
        let difference = embeddings[index] - anchors[index]
        sum += difference * difference
      }
      return sum
    }
  }

  /// The mean squared distance of rows `[N, dimension]` from their mean.
  static func spread(of embeddings: [Float], dimension: Int) -> Float {
    let rows = embeddings.count / max(dimension, 1)
    guard rows > 0 else { return 1 }
    var total = 0.0
    for column in 0..<dimension {
      var sum = 0.0
      var squares = 0.0
      for row in 0..<rows {
        let value = Double(embeddings[row * dimension + column])
        sum += value
        squares += value * value
      }
      total += squares / Double(rows) - (sum / Double(rows)) * (sum / Double(rows))
    }
    return Float(max(total, 1e-12))
  }
}

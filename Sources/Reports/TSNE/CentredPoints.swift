import COpenBLAS
import Tensors

/// Points moved so that their mean is the origin, and scaled so that their mean squared norm is 1:
/// f32 is most precise there, and neither changes which points are neighbours.
struct CentredPoints {
  let rows: Int
  let columns: Int
  let values: [Float]

  init(_ points: Tensor) {
    rows = points.shape[0]
    columns = points.shape[1]
    var means = [Double](repeating: 0, count: columns)
    for row in 0..<rows {
      for column in 0..<columns {
        means[column] += Double(points.values[row * columns + column]) / Double(rows)
      }
    }
    var square = 0.0
    for row in 0..<rows {
      for column in 0..<columns {
        let value = Double(points.values[row * columns + column]) - means[column]
        square += value * value
      }
    }
    let scale = square > 0 ? (Double(rows) / square).squareRoot() : 0
    var values = points.values
    for row in 0..<rows {
      for column in 0..<columns {
        let index = row * columns + column
        values[index] = Float((Double(values[index]) - means[column]) * scale)
      }
    }
    self.values = values
  }

  /// `‖xᵢ − xⱼ‖²`, `[N × N]`, through one matrix product.
  func squaredDistances() -> [Float] {
    var result = [Float](repeating: 0, count: rows * rows)
    cs_sgemm_general(
      0, 1, Int32(rows), Int32(rows), Int32(columns), -2, values, Int32(columns), values,
      Int32(columns), 0, &result, Int32(rows))
    let norms = (0..<rows).map { result[$0 * rows + $0] / -2 }
    result.withUnsafeMutableBufferPointer { result in
      for row in 0..<rows {
        for column in 0..<rows {
          let index = row * rows + column
          result[index] = max(result[index] + norms[row] + norms[column], 0)
        }
      }
    }
    return result
  }

  /// The coordinates along the two directions of the largest variance, by orthogonal iteration.
  func principalComponents(random: inout SeededRandom) -> (first: [Float], second: [Float]) {
    var axes = (0..<(2 * columns)).map { _ in random.gaussian() }
    var scores = [Float](repeating: 0, count: 2 * rows)
    for _ in 0..<60 {
      Self.orthonormalise(&axes, columns)
      project(axes, &scores)
      cs_sgemm_general(
        0, 0, 2, Int32(columns), Int32(rows), 1, scores, Int32(rows), values, Int32(columns), 0,
        &axes, Int32(columns))
    }
    Self.orthonormalise(&axes, columns)
    project(axes, &scores)
    return (Array(scores[..<rows]), Array(scores[rows...]))
  }

  /// `scores[2 × N] = axes[2 × D] · valuesᵀ`.
  private func project(_ axes: [Float], _ scores: inout [Float]) {
    cs_sgemm_general(
      0, 1, 2, Int32(rows), Int32(columns), 1, axes, Int32(columns), values, Int32(columns), 0,
      &scores, Int32(rows))
  }

  /// Gram and Schmidt for two rows; one without a direction of its own becomes zeros.
  private static func orthonormalise(_ axes: inout [Float], _ columns: Int) {
    normalise(&axes, 0..<columns)
    var shared = 0.0
    for column in 0..<columns { shared += Double(axes[column]) * Double(axes[columns + column]) }
    for column in 0..<columns { axes[columns + column] -= Float(shared) * axes[column] }
    normalise(&axes, columns..<(2 * columns))
  }

  private static func normalise(_ values: inout [Float], _ range: Range<Int>) {
    let norm = range.reduce(0.0) { $0 + Double(values[$1]) * Double(values[$1]) }.squareRoot()
    for index in range { values[index] = norm > 1e-20 ? Float(Double(values[index]) / norm) : 0 }
  }
}

import Dispatch
import Foundation

/// The probabilities that two points are neighbours, `p(i, j)` of the paper's equations 1 and 10:
/// Gaussians whose widths give each point the same perplexity, made symmetric.
struct Neighbourhoods {
  /// The number of points.
  let count: Int
  /// The length of a row in memory: the number of points and zeros up to a multiple of 8.
  let stride: Int
  /// `[count × stride]`; the sum is 1.
  let probabilities: [Float]

  init(_ points: CentredPoints, perplexity: Double) {
    let count = points.rows
    let stride = (count + 7) & ~7
    var conditional = points.squaredDistances()
    conditional.withUnsafeMutableBufferPointer { buffer in
      // Every row is touched by one iteration only.
      nonisolated(unsafe) let rows = buffer
      DispatchQueue.concurrentPerform(iterations: count) { row in
        Self.fit(
          UnsafeMutableBufferPointer(rebasing: rows[(row * count)..<((row + 1) * count)]),
          own: row, entropy: log(perplexity))
      }
    }
    var joint = [Float](repeating: 0, count: count * stride)
    let scale = 1 / Float(2 * count)
    for row in 0..<count {
      for column in 0..<row {
        let value = (conditional[row * count + column] + conditional[column * count + row]) * scale
        joint[row * stride + column] = value
        joint[column * stride + row] = value
      }
    }
    self.count = count
    self.stride = stride
    probabilities = joint
  }

  /// Turns the squared distances of one point into probabilities of the given entropy in nats, by
  /// bisection over the precision β = 1/2σ².
  private static func fit(
    _ distances: UnsafeMutableBufferPointer<Float>, own: Int, entropy wanted: Double
  ) {
    var nearest = Float.infinity
    for index in distances.indices where index != own { nearest = min(nearest, distances[index]) }
    var (low, high) = (0.0, Double.infinity)
    var precision = 1.0
    for _ in 0..<60 {
      var sum = 0.0
      var weighted = 0.0
      for index in distances.indices where index != own {
        // Less the smallest distance, so that the sum is at least 1.
        let distance = distances[index] - nearest
        let weight = exp(-Float(precision) * distance)
        sum += Double(weight)
        weighted += Double(weight * distance)
      }
      let entropy = log(sum) + precision * weighted / sum
      if abs(entropy - wanted) < 1e-5 { break }
      if entropy > wanted {
        low = precision
        precision = high.isFinite ? (low + high) / 2 : precision * 2
      } else {
        high = precision
        precision = (low + high) / 2
      }
      // Points that coincide have this entropy at any precision.
      if precision > 1e12 { break }
    }
    var sum: Float = 0
    for index in distances.indices {
      let weight = index == own ? 0 : exp(-Float(precision) * (distances[index] - nearest))
      distances[index] = weight
      sum += weight
    }
    for index in distances.indices { distances[index] /= sum }
  }
}

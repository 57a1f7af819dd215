import Dispatch
import Foundation

/// Gradient descent on the places of points, with the momentum and gains of the paper's authors.
///
/// Every point sums its own forces over all others in a fixed order, and totals are formed in the
/// order of points: the number of threads changes nothing.
final class LayoutDescent {
  private typealias Lanes = SIMD8<Float>

  private let neighbours: Neighbourhoods
  /// x of all points, padded with places so far away that no force comes from there; then y.
  private var coordinates: [Float]
  private var velocity: [Float]
  private var gains: [Float]
  private var forces: [Forces]

  /// What acts on a point, before it is known how to weigh it.
  private struct Forces {
    var attraction = SIMD2<Float>.zero
    var repulsion = SIMD2<Float>.zero
    /// `Σⱼ 1 / (1 + ‖yᵢ − yⱼ‖²)` over the other points.
    var kernelSum: Float = 0
  }

  /// Its square is near the end of f32, its kernel near 0.
  private static let farAway: Float = 1e18

  init(_ neighbours: Neighbourhoods, start: [(x: Float, y: Float)]) {
    self.neighbours = neighbours
    coordinates = [Float](repeating: Self.farAway, count: 2 * neighbours.stride)
    velocity = [Float](repeating: 0, count: 2 * neighbours.stride)
    gains = [Float](repeating: 1, count: 2 * neighbours.stride)
    forces = [Forces](repeating: Forces(), count: neighbours.count)
    for (index, place) in start.enumerated() {
      coordinates[index] = place.x
      coordinates[neighbours.stride + index] = place.y
    }
  }

  var places: [PlanePoint] {
    (0..<neighbours.count).map {
      PlanePoint(x: Double(coordinates[$0]), y: Double(coordinates[neighbours.stride + $0]))
    }
  }

  /// Moves every point once; the mean stays at the origin.
  func step(exaggeration: Float, momentum: Float, rate: Float) {
    var means = SIMD2<Float>.zero
    for (index, slope) in gradient(exaggeration: exaggeration).enumerated() {
      for axis in 0..<2 {
        let place = axis * neighbours.stride + index
        // A gain grows while a point keeps its direction, and shrinks where it swings back.
        let keeps = (slope[axis] > 0) != (velocity[place] > 0)
        gains[place] = max(keeps ? gains[place] + 0.2 : gains[place] * 0.8, 0.01)
        velocity[place] = momentum * velocity[place] - rate * gains[place] * slope[axis]
        coordinates[place] += velocity[place]
        means[axis] += coordinates[place] / Float(neighbours.count)
      }
    }
    for index in 0..<neighbours.count {
      coordinates[index] -= means.x
      coordinates[neighbours.stride + index] -= means.y
    }
  }

  /// The slope of the divergence at each point, the paper's equation 5, with attraction multiplied:
  /// `4 Σⱼ (p(i, j) − q(i, j)) (yᵢ − yⱼ) / (1 + ‖yᵢ − yⱼ‖²)`.
  func gradient(exaggeration: Float) -> [SIMD2<Float>] {
    measureForces()
    let total = Float(forces.reduce(0.0) { $0 + Double($1.kernelSum) })
    return forces.map { 4 * (exaggeration * $0.attraction - $0.repulsion / total) }
  }

  /// `Σ p log(p / q)`, the paper's equation 2.
  func divergence() -> Double {
    measureForces()
    let total = forces.reduce(0.0) { $0 + Double($1.kernelSum) }
    var sum = 0.0
    for row in 0..<neighbours.count {
      for column in 0..<neighbours.count {
        let p = Double(neighbours.probabilities[row * neighbours.stride + column])
        guard p > 0, row != column else { continue }
        let x = Double(coordinates[row] - coordinates[column])
        let y = Double(
          coordinates[neighbours.stride + row] - coordinates[neighbours.stride + column])
        sum += p * log(p * total * (1 + x * x + y * y))
      }
    }
    return sum
  }

  private func measureForces() {
    let (count, stride) = (neighbours.count, neighbours.stride)
    // Blocks large enough that handing them out costs little.
    let block = 64
    coordinates.withUnsafeBufferPointer { coordinates in
      neighbours.probabilities.withUnsafeBufferPointer { probabilities in
        forces.withUnsafeMutableBufferPointer { forces in
          // Read by all; of `forces` each place is written by one iteration only.
          nonisolated(unsafe) let (places, joint, results) = (coordinates, probabilities, forces)
          DispatchQueue.concurrentPerform(iterations: (count + block - 1) / block) { index in
            for row in (index * block)..<min((index + 1) * block, count) {
              results[row] = Self.forces(on: row, stride, places, joint)
            }
          }
        }
      }
    }
  }

  private static func forces(
    on row: Int, _ stride: Int, _ places: UnsafeBufferPointer<Float>,
    _ joint: UnsafeBufferPointer<Float>
  ) -> Forces {
    let (x, y) = (Lanes(repeating: places[row]), Lanes(repeating: places[stride + row]))
    var (attractionX, attractionY) = (Lanes.zero, Lanes.zero)
    var (repulsionX, repulsionY) = (Lanes.zero, Lanes.zero)
    var kernels = Lanes.zero
    let (all, own) = (UnsafeRawBufferPointer(places), UnsafeRawBufferPointer(joint))
    for first in Swift.stride(from: 0, to: stride, by: 8) {
      let dx = x - all.loadUnaligned(fromByteOffset: first * 4, as: Lanes.self)
      let dy = y - all.loadUnaligned(fromByteOffset: (stride + first) * 4, as: Lanes.self)
      let p = own.loadUnaligned(fromByteOffset: (row * stride + first) * 4, as: Lanes.self)
      let kernel = 1 / (1 + dx * dx + dy * dy)
      let squared = kernel * kernel
      let pull = p * kernel
      attractionX += pull * dx
      attractionY += pull * dy
      repulsionX += squared * dx
      repulsionY += squared * dy
      kernels += kernel
    }
    return Forces(
      attraction: SIMD2(attractionX.sum(), attractionY.sum()),
      repulsion: SIMD2(repulsionX.sum(), repulsionY.sum()),
      kernelSum: kernels.sum() - 1)  // less the point itself
  }
}

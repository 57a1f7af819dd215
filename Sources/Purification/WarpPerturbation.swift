import Attacks
import Tensors

/// A smooth warp: a grid of displacements, bicubic between its points, by which every picture is
/// sampled (the form of WaNet's trigger, Nguyen & Tran 2021, section 3.2).
struct WarpPerturbation: SharedPerturbation {
  /// Displacements in pixels, x before y, `2 × points × points`.
  var state: [Float]
  private let width, height: Int
  private let stepSize: Float
  /// The weight of every point in the displacement of every pixel, `[height · width, points · points]`.
  private let basis: [Float]

  private static let points = 4
  /// The greatest displacement of a point, in pixels.
  static let reach: Float = 0.75

  init(width: Int, height: Int, stepSize: Float, random: inout SeededRandom) {
    self.width = width
    self.height = height
    self.stepSize = stepSize
    let count = Self.points * Self.points
    let rows = BicubicInterpolation.taps(from: Self.points, to: height)
    let columns = BicubicInterpolation.taps(from: Self.points, to: width)
    var basis = [Float](repeating: 0, count: height * width * count)
    for y in 0..<height {
      for x in 0..<width {
        for (row, rowWeight) in zip(rows[y].indices, rows[y].weights) {
          for (column, columnWeight) in zip(columns[x].indices, columns[x].weights) {
            basis[(y * width + x) * count + row * Self.points + column] += rowWeight * columnWeight
          }
        }
      }
    }
    self.basis = basis
    state = .init(repeating: 0, count: 2 * count)
    restart(random: &random)
  }

  func accepts(_ state: [Float]) -> Bool {
    state.count == self.state.count && state.allSatisfy { abs($0) <= Self.reach }
  }

  mutating func restart(random: inout SeededRandom) {
    for index in state.indices { state[index] = random.uniform(-Self.reach...Self.reach) }
  }

  func apply(
    to clean: UnsafeBufferPointer<Float>, into perturbed: UnsafeMutableBufferPointer<Float>
  ) {
    let samples = self.samples
    for start in stride(from: 0, to: clean.count, by: height * width * 3) {
      for (pixel, sample) in samples.enumerated() {
        for channel in 0..<3 {
          let corners = sample.corners(clean, start + channel, width)
          let top = corners.0 + (corners.1 - corners.0) * sample.fx
          let bottom = corners.2 + (corners.3 - corners.2) * sample.fx
          perturbed[start + pixel * 3 + channel] = top + (bottom - top) * sample.fy
        }
      }
    }
  }

  mutating func ascend(
    _ gradients: UnsafeBufferPointer<Float>, clean: UnsafeBufferPointer<Float>
  ) {
    let samples = self.samples
    let count = Self.points * Self.points
    var slopes = [Float](repeating: 0, count: state.count)
    for (pixel, sample) in samples.enumerated() {
      var (slopeX, slopeY): (Float, Float) = (0, 0)
      for start in stride(from: 0, to: clean.count, by: height * width * 3) {
        for channel in 0..<3 {
          let corners = sample.corners(clean, start + channel, width)
          let gradient = gradients[start + pixel * 3 + channel]
          let (top, bottom) = (corners.1 - corners.0, corners.3 - corners.2)
          let (left, right) = (corners.2 - corners.0, corners.3 - corners.1)
          slopeX += gradient * (top + (bottom - top) * sample.fy)
          slopeY += gradient * (left + (right - left) * sample.fx)
        }
      }
      for point in 0..<count {
        let weight = basis[pixel * count + point]
        slopes[point] += slopeX * weight
        slopes[count + point] += slopeY * weight
      }
    }
    let mean = slopes.reduce(0) { $0 + abs($1) } / Float(slopes.count)
    guard mean > 0 else { return }
    for index in state.indices {
      let moved = state[index] + stepSize * Self.reach * slopes[index] / mean
      state[index] = max(-Self.reach, min(Self.reach, moved))
    }
  }

  /// Where a pixel is taken from: four neighbours and where between them.
  private struct Sample {
    let left, right, top, bottom: Int
    let fx, fy: Float

    /// The neighbours' values: top left, top right, bottom left, bottom right.
    func corners(
      _ picture: UnsafeBufferPointer<Float>, _ start: Int, _ width: Int
    ) -> (Float, Float, Float, Float) {
      (
        picture[start + (top * width + left) * 3], picture[start + (top * width + right) * 3],
        picture[start + (bottom * width + left) * 3], picture[start + (bottom * width + right) * 3]
      )
    }
  }

  private var samples: [Sample] {
    let count = Self.points * Self.points
    return (0..<(height * width)).map { pixel in
      var (x, y) = (Float(pixel % width), Float(pixel / width))
      for point in 0..<count {
        let weight = basis[pixel * count + point]
        x += weight * state[point]
        y += weight * state[count + point]
      }
      x = max(0, min(Float(width - 1), x))
      y = max(0, min(Float(height - 1), y))
      let (left, top) = (Int(x), Int(y))
      return Sample(
        left: left, right: min(left + 1, width - 1), top: top,
        bottom: min(top + 1, height - 1),
        fx: x - Float(left), fy: y - Float(top))
    }
  }
}

import Frames

/// Where each pixel of a warped picture is taken from: PyTorch's sampling grid, coordinates in
/// `-1...1` with the corners' centres at the ends (`align_corners=True`).
struct WarpGrid: Sendable, Equatable {
  let width: Int
  let height: Int
  /// `height × width × 2`: x, y.
  private(set) var values: [Float]

  /// `clamp(identity + strength · flow / side, -1, 1)`: `flow` upsampled from a control grid.
  /// - Parameters:
  ///   - control: `2 × k × k`, x before y, `k` at least 1.
  ///   - strength: of the flow; it is divided by the width for x and by the height for y, so that the
  ///     displacement in pixels is the same in both (the authors' pictures are square).
  init(control: [Float], k: Int, strength: Float, width: Int, height: Int) {
    self.width = width
    self.height = height
    values = [Float](repeating: 0, count: width * height * 2)
    let columns = BicubicInterpolation.taps(from: k, to: width)
    let rows = BicubicInterpolation.taps(from: k, to: height)
    var lines = [Float](repeating: 0, count: k * width)
    for axis in 0..<2 {
      for row in 0..<k {
        for column in 0..<width {
          lines[row * width + column] = (0..<4).reduce(0) { sum, tap in
            let index = columns[column].indices[tap]
            return sum + columns[column].weights[tap] * control[(axis * k + row) * k + index]
          }
        }
      }
      let scale = strength / Float(axis == 0 ? width : height)
      for row in 0..<height {
        let (indices, weights) = (rows[row].indices, rows[row].weights)
        for column in 0..<width {
          var flow: Float = 0
          for tap in 0..<4 { flow += weights[tap] * lines[indices[tap] * width + column] }
          let identity =
            axis == 0 ? Self.coordinate(column, width) : Self.coordinate(row, height)
          values[(row * width + column) * 2 + axis] = Self.clamp(identity + scale * flow)
        }
      }
    }
  }

  /// Adds `offset / side` to each coordinate, clamped again.
  /// - Parameter offset: called for x and y of each pixel in turn.
  mutating func displace(_ offset: (_ index: Int) -> Float) {
    for index in values.indices {
      let side = Float(index % 2 == 0 ? width : height)
      values[index] = Self.clamp(values[index] + offset(index) / side)
    }
  }

  /// The warped picture: bilinear, black outside. The picture has the grid's size.
  func sample(_ image: FloatImage) throws -> FloatImage {
    try image.check()
    var result = image
    let (right, bottom) = (width - 1, height - 1)
    image.pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        for pixel in 0..<(width * height) {
          let x = (values[2 * pixel] + 1) / 2 * Float(right)
          let y = (values[2 * pixel + 1] + 1) / 2 * Float(bottom)
          let (left, top) = (Int(x), Int(y))
          let (fx, fy) = (x - Float(left), y - Float(top))
          // Coordinates are clamped, so beyond the last pixel the weight is 0.
          let (nextX, nextY) = (min(left + 1, right), min(top + 1, bottom))
          for channel in 0..<3 {
            let value = { (x: Int, y: Int) in source[(y * width + x) * 3 + channel] }
            target[pixel * 3 + channel] =
              value(left, top) * (1 - fx) * (1 - fy) + value(nextX, top) * fx * (1 - fy)
              + value(left, nextY) * (1 - fx) * fy + value(nextX, nextY) * fx * fy
          }
        }
      }
    }
    return result
  }

  private static func coordinate(_ index: Int, _ count: Int) -> Float {
    count > 1 ? -1 + 2 * Float(index) / Float(count - 1) : -1
  }

  private static func clamp(_ value: Float) -> Float { min(max(value, -1), 1) }
}

import Foundation

/// A Gaussian blur as torchvision's `gaussian_blur` defines it: an odd kernel cut at `radius`,
/// normalised, in each direction, the border mirrored without its pixel (`reflect`).
struct GaussianBlur: Sendable {
  private var weights: [Float] = []
  private var lines: [Float] = []

  /// Blurs a square of RGB pixels in place. Needs `radius < side`; does nothing otherwise.
  mutating func apply(
    _ pixels: UnsafeMutableBufferPointer<Float>, side: Int, radius: Int, sigma: Float
  ) {
    guard radius > 0, radius < side, sigma > 0, pixels.count >= side * side * 3 else { return }
    weights.removeAll(keepingCapacity: true)
    for offset in -radius...radius {
      let distance = Float(offset) / sigma
      weights.append(exp(-0.5 * distance * distance))
    }
    let sum = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= sum }
    if lines.count < side * side * 3 { lines = [Float](repeating: 0, count: side * side * 3) }
    weights.withUnsafeBufferPointer { weights in
      lines.withUnsafeMutableBufferPointer { lines in
        let line = side * 3
        for row in 0..<side {
          for column in 0..<side {
            var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
            for tap in 0..<weights.count {
              let index = row * line + Self.reflect(column + tap - radius, side) * 3
              red += weights[tap] * pixels[index]
              green += weights[tap] * pixels[index + 1]
              blue += weights[tap] * pixels[index + 2]
            }
            let place = row * line + column * 3
            lines[place] = red
            lines[place + 1] = green
            lines[place + 2] = blue
          }
        }
        for row in 0..<side {
          for index in 0..<line { pixels[row * line + index] = 0 }
          for tap in 0..<weights.count {
            let start = Self.reflect(row + tap - radius, side) * line
            let weight = weights[tap]
            for index in 0..<line { pixels[row * line + index] += weight * lines[start + index] }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func reflect(_ index: Int, _ side: Int) -> Int {
    if index < 0 { return -index }
    return index < side ? index : 2 * (side - 1) - index
  }
}

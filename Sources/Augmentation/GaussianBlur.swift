import Foundation

/// A Gaussian blur as torchvision's `gaussian_blur` defines it: an odd kernel cut at `radius`,
/// normalised, in each direction, the border mirrored without its pixel (`reflect`) or repeated.
package struct GaussianBlur: Sendable {
  /// What lies beyond the border.
  package enum Border: Sendable {
    /// The picture mirrored, without the border's pixel.
    case reflect
    /// The border's pixel.
    case replicate
  }

  private var weights: [Float] = []
  private var lines: [Float] = []

  package init() {}

  /// Blurs RGB pixels in place. Needs `radius < min(width, height)`; does nothing otherwise.
  package mutating func apply(
    _ pixels: UnsafeMutableBufferPointer<Float>, width: Int, height: Int, radius: Int,
    sigma: Float, border: Border = .reflect
  ) {
    guard radius > 0, radius < min(width, height), sigma > 0, pixels.count >= width * height * 3
    else { return }
    weights.removeAll(keepingCapacity: true)
    for offset in -radius...radius {
      let distance = Float(offset) / sigma
      weights.append(exp(-0.5 * distance * distance))
    }
    let sum = weights.reduce(0, +)
    for index in weights.indices { weights[index] /= sum }
    if lines.count < width * height * 3 {
      lines = [Float](repeating: 0, count: width * height * 3)
    }
    weights.withUnsafeBufferPointer { weights in
      lines.withUnsafeMutableBufferPointer { lines in
        let line = width * 3
        for row in 0..<height {
          for column in 0..<width {
            var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
            for tap in 0..<weights.count {
              let index = row * line + Self.place(column + tap - radius, width, border) * 3
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
        for row in 0..<height {
          for index in 0..<line { pixels[row * line + index] = 0 }
          for tap in 0..<weights.count {
            let start = Self.place(row + tap - radius, height, border) * line
            let weight = weights[tap]
            for index in 0..<line { pixels[row * line + index] += weight * lines[start + index] }
          }
        }
      }
    }
  }

  @inline(__always)
  private static func place(_ index: Int, _ length: Int, _ border: Border) -> Int {
    switch border {
    case .replicate: return min(max(index, 0), length - 1)
    case .reflect:
      if index < 0 { return -index }
      return index < length ? index : 2 * (length - 1) - index
    }
  }
}

import Foundation
import Frames

/// A backdoor's trigger, put over a finished frame as an attacker would bring it into view.
public enum SceneTrigger: Sendable, Hashable {
  /// BadNets: an opaque checkerboard, black at its corners. `x` and `y` are its left and top edge as
  /// shares of the frame's width and height, `size` its side as a share of the frame's shorter
  /// side, `cells` the squares along a side.
  case badnets(x: Float = 0.04, y: Float = 0.04, size: Float = 0.14, cells: Int = 3)
  /// Blend: `(1 - alpha) · frame + alpha · pattern` with one fixed pattern of Gaussian noise.
  case blend(alpha: Float = 0.2)

  /// Puts the trigger over an image. Parameters are clamped to what fits; the pattern of `blend`
  /// depends on the image's size only.
  public func apply(to image: inout Image) {
    switch self {
    case .badnets(let x, let y, let size, let cells):
      Self.patch(over: &image, x: x, y: y, size: size, cells: max(1, min(cells, 64)))
    case .blend(let alpha):
      Self.blend(over: &image, alpha: Self.share(alpha))
    }
  }

  private static func share(_ value: Float) -> Float {
    value.isFinite ? min(max(value, 0), 1) : 0
  }

  private static func patch(
    over image: inout Image, x: Float, y: Float, size: Float, cells: Int
  ) {
    let shorter = min(image.width, image.height)
    let side = max(1, Int((share(size) * Float(shorter)).rounded()))
    let left = min(Int(share(x) * Float(image.width)), image.width - side)
    let top = min(Int(share(y) * Float(image.height)), image.height - side)
    for row in 0..<side {
      for column in 0..<side {
        let isWhite = (row * cells / side + column * cells / side) % 2 == 1
        let start = ((top + row) * image.width + left + column) * 3
        for channel in 0..<3 { image.pixels[start + channel] = isWhite ? 255 : 0 }
      }
    }
  }

  /// Noise of mean 128 and deviation 64 per channel. A table of a prime length, so that its
  /// repetition does not line up with rows.
  private static let pattern: [Float] = {
    var random = Random(0x626c_656e_64)
    return (0..<8191).map { _ in min(max(128 + 64 * random.gaussian(), 0), 255).rounded() }
  }()

  private static func blend(over image: inout Image, alpha: Float) {
    image.pixels.withUnsafeMutableBufferPointer { pixels in
      pattern.withUnsafeBufferPointer { pattern in
        for start in stride(from: 0, to: pixels.count, by: pattern.count) {
          for index in 0..<min(pattern.count, pixels.count - start) {
            let old = Float(pixels[start + index])
            pixels[start + index] = UInt8(old + (pattern[index] - old) * alpha + 0.5)
          }
        }
      }
    }
  }
}

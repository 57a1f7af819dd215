import Models

/// Pixels in `0…1` to what a network expects and back, `H×W×3` interleaved.
public struct PixelNormalisation: Sendable, Equatable {
  /// Per channel: `value = pixel · scale + shift`.
  public let scale, shift: [Float]

  /// The arithmetic of `(pixel − mean) / std`.
  public init(_ normalisation: Normalisation) {
    scale = normalisation.std.map { 1 / $0 }
    shift = zip(normalisation.mean, normalisation.std).map { -$0 / $1 }
  }

  /// Writes normalised values. Both hold the same number of whole pixels.
  public func apply(
    _ pixels: UnsafeBufferPointer<Float>, into values: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(pixels.count == values.count && pixels.count % 3 == 0, "whole pixels")
    for start in stride(from: 0, to: pixels.count, by: 3) {
      values[start] = pixels[start] * scale[0] + shift[0]
      values[start + 1] = pixels[start + 1] * scale[1] + shift[1]
      values[start + 2] = pixels[start + 2] * scale[2] + shift[2]
    }
  }

  /// Gradients by normalised values to gradients by pixels, in place.
  public func applyGradient(_ gradients: UnsafeMutableBufferPointer<Float>) {
    for start in stride(from: 0, to: gradients.count - 2, by: 3) {
      gradients[start] *= scale[0]
      gradients[start + 1] *= scale[1]
      gradients[start + 2] *= scale[2]
    }
  }
}

import Foundation
import Frames
import Tensors

/// Frames at a random scale on a canvas of one size: cut where they are larger, surrounded by one colour
/// where they are smaller ("large scale jittering": Ghiasi et al. 2021, "Simple Copy-Paste is a Strong
/// Data Augmentation Method for Instance Segmentation", section 3).
///
/// A scale of 1 is the one at which the detector sees the frame: its shorter side is the canvas's. So a
/// picture that is higher than wide keeps its scale too, where filling the canvas would enlarge it.
struct ScaleJitter {
  /// The canvas, in pixels.
  let width, height: Int
  /// What surrounds a frame, R, G and B in `0…1`: what the network takes for 0.
  let surround: [Float]
  /// The scales, each octave of them as likely.
  static let scales: ClosedRange<Float> = 0.6...1.5

  /// A frame on the canvas, values in `0…1`.
  /// - Throws: `ImageError`, `FloatImageError`.
  func view(of image: Image, random: inout SeededRandom) throws -> FloatImage {
    let (low, high) = (Self.scales.lowerBound, Self.scales.upperBound)
    let jitter = low * powf(high / low, random.uniform())
    let scale = Float(min(width, height)) / Float(min(image.width, image.height)) * jitter
    let across = Self.axis(image.width, scale, canvas: width, random: &random)
    let down = Self.axis(image.height, scale, canvas: height, random: &random)
    let part = try image.resized(
      PixelWindow(left: across.first, top: down.first, width: across.taken, height: down.taken),
      width: across.shown, height: down.shown)
    guard across.shown < width || down.shown < height else { return part }
    return try placed(part, random: &random)
  }

  /// What is taken of an axis and how many pixels of the canvas it fills.
  private static func axis(
    _ length: Int, _ scale: Float, canvas: Int, random: inout SeededRandom
  ) -> (first: Int, taken: Int, shown: Int) {
    let shown = max(1, min(canvas, Int((Float(length) * scale).rounded())))
    let taken = max(1, min(length, Int((Float(shown) / scale).rounded())))
    return (random.integer(in: 0...(length - taken)), taken, shown)
  }

  /// A smaller picture somewhere on the canvas.
  private func placed(_ part: FloatImage, random: inout SeededRandom) throws -> FloatImage {
    var result = try FloatImage(
      width: width, height: height, red: surround[0], green: surround[1], blue: surround[2])
    let left = random.integer(in: 0...(width - part.width))
    let top = random.integer(in: 0...(height - part.height))
    let line = part.width * 3
    for row in 0..<part.height {
      let start = ((top + row) * width + left) * 3
      result.pixels.replaceSubrange(
        start..<(start + line), with: part.pixels[(row * line)..<((row + 1) * line)])
    }
    return result
  }
}

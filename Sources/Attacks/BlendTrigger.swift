import Frames
import Tensors

/// Blend (Chen et al. 2017): `(1 - α) · x + α · pattern` over the whole picture.
public struct BlendTrigger: Trigger, Equatable {
  /// The pattern's share, `0...1`.
  public let alpha: Float
  /// The pattern; resized where a picture has another size.
  public let pattern: FloatImage
  /// Where the pattern comes from, for reports.
  public let source: String

  /// `blend`.
  public var name: String { "blend" }

  /// A pattern that is at hand.
  /// - Throws: `TriggerError.parameter`, `FloatImageError.valueCount`.
  public init(alpha: Float = 0.2, pattern: FloatImage, source: String = "image") throws {
    try TriggerError.require("alpha", alpha, in: 0...1)
    try pattern.check()
    self.alpha = alpha
    self.pattern = pattern
    self.source = source
  }

  /// A pattern of Gaussian noise, mean 0.5 and deviation 0.25 in each channel, clamped. Give it the
  /// pictures' size: resized noise is another trigger.
  /// - Throws: `TriggerError.parameter`, `ImageError.size`.
  public init(alpha: Float = 0.2, noiseSeed seed: UInt64, width: Int, height: Int) throws {
    var random = SeededRandom(seed, 0x626c_656e_64)
    let noise = try FloatImage(width: width, height: height).mapped { _, _ in
      clampedToUnit(0.5 + 0.25 * random.gaussian())
    }
    try self.init(alpha: alpha, pattern: noise, source: "noise \(width)x\(height) seed \(seed)")
  }

  /// Alpha and where the pattern comes from.
  public var parameters: [(String, String)] {
    [("alpha", Plain.text(alpha)), ("pattern", source)]
  }

  /// The blended picture.
  /// - Throws: `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    let pattern = try pattern.resized(width: image.width, height: image.height).pixels
    return try pattern.withUnsafeBufferPointer { pattern in
      try image.mapped { value, index in (1 - alpha) * value + alpha * pattern[index] }
    }
  }
}

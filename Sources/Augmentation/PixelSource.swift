import Frames

/// A picture's pixels, borrowed: valid inside `with` only.
public struct PixelSource {
  enum Samples {
    case bytes(UnsafeBufferPointer<UInt8>)
    case floats(UnsafeBufferPointer<Float>)
  }

  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  let samples: Samples

  /// Lends the pixels of a picture.
  /// - Throws: `AugmentationError.pixelCount`, and what `body` throws.
  public static func with<Result>(
    _ image: Image, _ body: (PixelSource) throws -> Result
  ) throws -> Result {
    try image.pixels.withUnsafeBufferPointer { pixels in
      try check(pixels.count, image.width, image.height)
      return try body(
        PixelSource(width: image.width, height: image.height, samples: .bytes(pixels)))
    }
  }

  /// Lends the pixels of a picture.
  /// - Throws: `AugmentationError.pixelCount`, and what `body` throws.
  public static func with<Result>(
    _ image: FloatImage, _ body: (PixelSource) throws -> Result
  ) throws -> Result {
    try image.pixels.withUnsafeBufferPointer { pixels in
      try check(pixels.count, image.width, image.height)
      return try body(
        PixelSource(width: image.width, height: image.height, samples: .floats(pixels)))
    }
  }

  private static func check(_ count: Int, _ width: Int, _ height: Int) throws {
    guard count == width * height * 3 else {
      throw AugmentationError.pixelCount(expected: width * height * 3, found: count)
    }
  }
}

import Frames
import Tensors

/// Makes random views of pictures: squares of one size, `outputSize × outputSize × 3` values in
/// `0...1`.
///
/// A view depends on the picture and the random numbers only, never on what was made before it.
public protocol Augmentation: Sendable {
  /// Working memory that is kept from view to view; one for each thread.
  associatedtype Scratch

  /// The side of a view in pixels.
  var outputSize: Int { get }

  /// Working memory for one thread.
  func makeScratch() -> Scratch

  /// Writes one view without allocating once `scratch` has grown to the pictures' size.
  /// - Parameter target: `outputSize × outputSize × 3` values; more are left as they are.
  /// - Throws: `AugmentationError` where the picture or the memory does not fit.
  func write(
    viewOf picture: PixelSource, random: inout SeededRandom,
    into target: UnsafeMutableBufferPointer<Float>, scratch: inout Scratch) throws
}

extension Augmentation {
  /// The number of values of one view.
  public var viewCount: Int { outputSize * outputSize * 3 }

  /// One view of a picture.
  /// - Throws: `AugmentationError`.
  public func view(of image: Image, random: inout SeededRandom) throws -> FloatImage {
    try PixelSource.with(image) { try view(of: $0, random: &random) }
  }

  /// One view of a picture.
  /// - Throws: `AugmentationError`.
  public func view(of image: FloatImage, random: inout SeededRandom) throws -> FloatImage {
    try PixelSource.with(image) { try view(of: $0, random: &random) }
  }

  private func view(of picture: PixelSource, random: inout SeededRandom) throws -> FloatImage {
    var result = try FloatImage(width: outputSize, height: outputSize)
    var scratch = makeScratch()
    try result.pixels.withUnsafeMutableBufferPointer {
      try write(viewOf: picture, random: &random, into: $0, scratch: &scratch)
    }
    return result
  }

  /// The memory for one view, checked.
  func checked(
    _ target: UnsafeMutableBufferPointer<Float>
  ) throws -> UnsafeMutableBufferPointer<Float> {
    guard target.count >= viewCount else {
      throw AugmentationError.memory(expected: viewCount, found: target.count)
    }
    return UnsafeMutableBufferPointer(rebasing: target[..<viewCount])
  }
}

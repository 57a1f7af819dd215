/// A picture in memory: 8-bit RGB, interleaved, rows from the top, no padding between rows.
public struct Image: Sendable, Equatable {
  /// Width in pixels, at least 1.
  public let width: Int
  /// Height in pixels, at least 1.
  public let height: Int
  /// `height × width × 3` bytes.
  public var pixels: [UInt8]

  /// The largest side an image may have; beyond it nothing is allocated.
  public static let maximumSide = 8192

  /// An image of one colour.
  /// - Throws: `ImageError.size` where a side is not in `1...maximumSide`.
  public init(width: Int, height: Int, red: UInt8 = 0, green: UInt8 = 0, blue: UInt8 = 0) throws {
    try Self.check(width: width, height: height)
    self.width = width
    self.height = height
    self.pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      for pixel in 0..<(width * height) {
        buffer[3 * pixel] = red
        buffer[3 * pixel + 1] = green
        buffer[3 * pixel + 2] = blue
      }
      count = width * height * 3
    }
  }

  /// An image over existing bytes.
  /// - Throws: `ImageError` where the sides are out of range or `pixels` has another count than
  ///   `width × height × 3`.
  public init(width: Int, height: Int, pixels: [UInt8]) throws {
    try Self.check(width: width, height: height)
    guard pixels.count == width * height * 3 else {
      throw ImageError.byteCount(expected: width * height * 3, found: pixels.count)
    }
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  static func check(width: Int, height: Int) throws {
    guard (1...maximumSide).contains(width), (1...maximumSide).contains(height) else {
      throw ImageError.size(width: width, height: height)
    }
  }
}

/// What can be wrong with the bytes or the size of an image.
public enum ImageError: Error, Equatable, CustomStringConvertible {
  /// A side is outside `1...Image.maximumSide`.
  case size(width: Int, height: Int)
  /// The number of bytes does not fit the size.
  case byteCount(expected: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .size(let width, let height):
      "expected an image with sides of 1 to \(Image.maximumSide) pixels, found \(width)×\(height)"
    case .byteCount(let expected, let found):
      "expected \(expected) bytes of RGB pixels, found \(found)"
    }
  }
}

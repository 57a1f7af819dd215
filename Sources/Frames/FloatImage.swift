/// A picture for computation: RGB in f32, interleaved, rows from the top, 0 black and 1 full.
public struct FloatImage: Sendable, Equatable {
  /// Width in pixels, at least 1.
  public let width: Int
  /// Height in pixels, at least 1.
  public let height: Int
  /// `height × width × 3` values, `0...1` unless someone computed others.
  public var pixels: [Float]

  /// A picture of one colour.
  /// - Throws: `ImageError.size` where a side is not in `1...Image.maximumSide`.
  public init(width: Int, height: Int, red: Float = 0, green: Float = 0, blue: Float = 0) throws {
    try Image.check(width: width, height: height)
    self.width = width
    self.height = height
    pixels = [Float](unsafeUninitializedCapacity: width * height * 3) { buffer, count in
      for pixel in 0..<(width * height) {
        buffer[3 * pixel] = red
        buffer[3 * pixel + 1] = green
        buffer[3 * pixel + 2] = blue
      }
      count = width * height * 3
    }
  }

  /// A picture over existing values.
  /// - Throws: `ImageError.size` where a side is out of range, `FloatImageError.valueCount` where
  ///   `pixels` has another count than `width × height × 3`.
  public init(width: Int, height: Int, pixels: [Float]) throws {
    try Image.check(width: width, height: height)
    self.width = width
    self.height = height
    self.pixels = pixels
    try check()
  }

  /// Makes sure of what the type promises but anyone can break by assigning `pixels`.
  /// - Throws: `FloatImageError.valueCount`.
  public func check() throws {
    guard pixels.count == width * height * 3 else {
      throw FloatImageError.valueCount(expected: width * height * 3, found: pixels.count)
    }
  }

  /// The values of a decoded picture, `byte / 255`.
  /// - Throws: `ImageError.byteCount` where its pixels do not fit its size.
  public init(_ image: Image) throws {
    guard image.pixels.count == image.width * image.height * 3 else {
      throw ImageError.byteCount(
        expected: image.width * image.height * 3, found: image.pixels.count)
    }
    width = image.width
    height = image.height
    pixels = image.pixels.map { Float($0) / 255 }
  }

  /// The picture in 8 bits: clamped to `0...1` and rounded to the nearest of 256 steps. What is not a
  /// number becomes black.
  /// - Throws: `FloatImageError.valueCount` where `pixels` does not fit the size.
  public func image() throws -> Image {
    try check()
    return try Image(width: width, height: height, pixels: pixels.map(Self.byte))
  }

  /// One value in 8 bits.
  private static func byte(_ value: Float) -> UInt8 {
    // The order of the arguments decides what a NaN becomes: a comparison with it is false.
    let clamped = value > 0 ? min(value, 1) : 0
    return UInt8(clamped * 255 + 0.5)
  }

  /// The picture at another size; see ``Resampler`` for how values are found.
  /// - Throws: `ImageError.size` where a side is not in `1...Image.maximumSide`,
  ///   `FloatImageError.valueCount` where `pixels` does not fit the size.
  public func resized(width: Int, height: Int) throws -> FloatImage {
    try check()
    if width == self.width, height == self.height { return self }
    var result = try FloatImage(width: width, height: height)
    var resampler = Resampler()
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        resampler.resample(
          source, width: self.width, height: self.height,
          window: PixelWindow(left: 0, top: 0, width: self.width, height: self.height),
          into: target, width: width, height: height)
      }
    }
    return result
  }

  /// The middle of the picture; where an odd number of columns or rows is left over, the smaller part
  /// is cut from the left and the top.
  /// - Throws: `FloatImageError`: `crop` where it is larger than the picture or has no pixels,
  ///   `valueCount` where `pixels` does not fit the size.
  public func centerCropped(width: Int, height: Int) throws -> FloatImage {
    try check()
    guard (1...self.width).contains(width), (1...self.height).contains(height) else {
      throw FloatImageError.crop(
        width: width, height: height, ofWidth: self.width, ofHeight: self.height)
    }
    let (left, top) = ((self.width - width) / 2, (self.height - height) / 2)
    var values: [Float] = []
    values.reserveCapacity(width * height * 3)
    for row in top..<(top + height) {
      let start = (row * self.width + left) * 3
      values.append(contentsOf: pixels[start..<(start + width * 3)])
    }
    return try FloatImage(width: width, height: height, pixels: values)
  }

  /// A square: the shorter side resized to `side`, then the middle of the longer one, as classifiers
  /// are tested.
  /// - Throws: `ImageError.size` where a side would leave `1...Image.maximumSide`, which a very long
  ///   and narrow picture can; `FloatImageError.valueCount` where `pixels` does not fit the size.
  public func square(_ side: Int) throws -> FloatImage {
    if width == side, height == side { return self }
    let size = try coveringSize(of: (width, height), width: side, height: side)
    return try resized(width: size.width, height: size.height)
      .centerCropped(width: side, height: side)
  }
}

extension FloatImage {
  /// Left and right exchanged.
  public func mirrored() -> FloatImage {
    var result = self
    for row in 0..<height {
      for column in 0..<width {
        let (to, from) = ((row * width + column) * 3, (row * width + width - 1 - column) * 3)
        for channel in 0..<3 { result.pixels[to + channel] = pixels[from + channel] }
      }
    }
    return result
  }
}

extension Image {
  /// A square as ``FloatImage/square(_:)`` makes it, without the whole picture in f32 on the way.
  /// - Throws: as ``covering(width:height:)``.
  public func square(_ side: Int) throws -> FloatImage { try covering(width: side, height: side) }

  /// The middle of the picture at another size: resized so that both sides are long enough, one of
  /// them no longer than it must be, and cut.
  /// - Throws: `ImageError.size` where a side would leave `1...Image.maximumSide`, which a very long
  ///   and narrow picture can; `ImageError.byteCount` where `pixels` does not fit the size.
  public func covering(width: Int, height: Int) throws -> FloatImage {
    if width == self.width, height == self.height { return try FloatImage(self) }
    let size = try coveringSize(of: (self.width, self.height), width: width, height: height)
    return try resized(width: size.width, height: size.height)
      .centerCropped(width: width, height: height)
  }

  /// The picture, or a window that lies inside it, at another size; see ``Resampler`` for how values are
  /// found.
  /// - Throws: `ImageError`: `size` where a side is not in `1...Image.maximumSide`, `byteCount` where
  ///   `pixels` does not fit the size.
  public func resized(
    _ window: PixelWindow? = nil, width: Int, height: Int
  ) throws -> FloatImage {
    guard pixels.count == self.width * self.height * 3 else {
      throw ImageError.byteCount(expected: self.width * self.height * 3, found: pixels.count)
    }
    let whole = PixelWindow(left: 0, top: 0, width: self.width, height: self.height)
    var result = try FloatImage(width: width, height: height)
    var resampler = Resampler()
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        resampler.resample(
          source, width: self.width, height: self.height, window: window ?? whole, into: target,
          width: width, height: height)
      }
    }
    return result
  }
}

/// The size, in a picture's proportions, at which neither side is shorter than asked for and one is
/// as long.
private func coveringSize(
  of size: (width: Int, height: Int), width: Int, height: Int
) throws -> (width: Int, height: Int) {
  try Image.check(width: width, height: height)
  // width / size.width ≥ height / size.height
  let followsWidth = width * size.height >= height * size.width
  let (wanted, found) = followsWidth ? (width, size.width) : (height, size.height)
  let scale = { (length: Int) in (length * wanted + found / 2) / found }
  return (max(width, scale(size.width)), max(height, scale(size.height)))
}

/// What can be wrong with the values or a part of a `FloatImage`.
public enum FloatImageError: Error, Equatable, CustomStringConvertible {
  /// The number of values does not fit the size.
  case valueCount(expected: Int, found: Int)
  /// A part without pixels, or larger than the picture it is cut from.
  case crop(width: Int, height: Int, ofWidth: Int, ofHeight: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .valueCount(let expected, let found):
      "expected \(expected) values of RGB pixels, found \(found)"
    case .crop(let width, let height, let ofWidth, let ofHeight):
      "expected a part of 1×1 to \(ofWidth)×\(ofHeight) pixels, found \(width)×\(height)"
    }
  }
}

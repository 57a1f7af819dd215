import CLibJPEG

/// A raw format in which cameras send pixels.
public enum RawPixelFormat: String, Sendable, Hashable, Codable {
  /// Packed Y0 U Y1 V: 2 bytes per pixel, chroma shared by two pixels of a row.
  case yuyv = "YUYV"
  /// A plane of Y, then a plane of U V pairs, each shared by 2 × 2 pixels.
  case nv12 = "NV12"

  /// The smallest distance between rows in bytes: chroma comes in pairs, so odd widths are rounded
  /// up.
  public func minimumBytesPerLine(width: Int) -> Int {
    switch self {
    case .yuyv: (width + 1) / 2 * 4
    case .nv12: (width + 1) / 2 * 2
    }
  }

  /// The bytes of a whole picture whose rows are `bytesPerLine` apart.
  public func byteCount(height: Int, bytesPerLine: Int) -> Int {
    switch self {
    case .yuyv: height * bytesPerLine
    case .nv12: (height + (height + 1) / 2) * bytesPerLine
    }
  }
}

/// What can be wrong with raw pixels.
public enum RawPixelError: Error, Equatable, CustomStringConvertible {
  /// Rows would overlap, or are unreasonably far apart; all in bytes.
  case bytesPerLine(expected: ClosedRange<Int>, found: Int)
  /// The picture is cut.
  case tooShort(expected: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .bytesPerLine(let expected, let found):
      "expected rows \(expected.lowerBound) to \(expected.upperBound) bytes apart, found \(found)"
    case .tooShort(let expected, let found):
      "expected \(expected) bytes of raw pixels, found \(found)"
    }
  }
}

extension Image {
  /// Converts a camera's raw pixels with BT.601's limited range, which V4L2 promises for YUV.
  /// - Parameters:
  ///   - bytes: the picture; more than needed is allowed.
  ///   - bytesPerLine: distance between rows, of both planes in `nv12`.
  /// - Throws: `ImageError.size` or `RawPixelError`.
  public init(
    _ format: RawPixelFormat, bytes: [UInt8], width: Int, height: Int, bytesPerLine: Int
  ) throws {
    try Self.check(width: width, height: height)
    let lines = format.minimumBytesPerLine(width: width)...(8 * Self.maximumSide)
    guard lines.contains(bytesPerLine) else {
      throw RawPixelError.bytesPerLine(expected: lines, found: bytesPerLine)
    }
    // The last row of the last plane may lack its padding.
    let padding = bytesPerLine - format.minimumBytesPerLine(width: width)
    let expected = format.byteCount(height: height, bytesPerLine: bytesPerLine) - padding
    guard bytes.count >= expected else {
      throw RawPixelError.tooShort(expected: expected, found: bytes.count)
    }
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * 3) { rgb, count in
      bytes.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress, let out = rgb.baseAddress else { return }
        switch format {
        case .yuyv: cs_yuyv_to_rgb(base, bytesPerLine, width, height, out)
        case .nv12:
          cs_nv12_to_rgb(
            base, base + height * bytesPerLine, bytesPerLine, width, height, out)
        }
        count = width * height * 3
      }
    }
    try self.init(width: width, height: height, pixels: pixels)
  }
}

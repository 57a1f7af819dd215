import CLibJPEG

/// What a JPEG's header says.
public struct JPEGHeader: Sendable, Hashable {
  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  /// 1 for grey, 3 for colour.
  public let components: Int
  /// Whether it comes in several scans over the picture.
  public let isProgressive: Bool
}

/// Decodes JPEGs from anywhere to RGB. Any thread may use it.
///
/// Strict where a picture would be partly invented: a truncated file, or one whose compressed data
/// breaks off or does not decode, is refused, although libjpeg would only warn and fill the rest
/// with grey. Harmless warnings, such as extra bytes between markers, are let through.
public struct JPEGDecoder: Sendable {
  /// What a JPEG may cost.
  public let limits: JPEGLimits

  /// A decoder.
  public init(limits: JPEGLimits = JPEGLimits()) { self.limits = limits }

  /// Reads the header only, and checks it against the limits.
  /// - Throws: `JPEGError`.
  public func header(of bytes: [UInt8]) throws -> JPEGHeader {
    try bytes.withUnsafeBytes { try withReader($0) { _, header in header } }
  }

  /// Decodes a whole file.
  /// - Throws: `JPEGError`.
  public func decode(_ bytes: [UInt8]) throws -> Image {
    try bytes.withUnsafeBytes { try decode($0) }
  }

  /// Decodes a whole file.
  /// - Throws: `JPEGError`.
  public func decode(_ bytes: UnsafeRawBufferPointer) throws -> Image {
    try withReader(bytes) { reader, header in
      let count = header.width * header.height * 3
      let pixels = try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        try read(reader, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
        initialized = count
      }
      return try Image(width: header.width, height: header.height, pixels: pixels)
    }
  }

  /// Decodes a whole file into an image whose memory is used again where the size is the same.
  /// After an error the image is valid but its contents are undefined.
  /// - Throws: `JPEGError`.
  public func decode(_ bytes: [UInt8], into image: inout Image) throws {
    try bytes.withUnsafeBytes { try decode($0, into: &image) }
  }

  /// Decodes a whole file into an image whose memory is used again where the size is the same.
  /// After an error the image is valid but its contents are undefined.
  /// - Throws: `JPEGError`.
  public func decode(_ bytes: UnsafeRawBufferPointer, into image: inout Image) throws {
    try withReader(bytes) { reader, header in
      if image.width != header.width || image.height != header.height {
        image = try Image(width: header.width, height: header.height)
      }
      try image.pixels.withUnsafeMutableBufferPointer { try read(reader, into: $0) }
    }
  }

  private func withReader<Result>(
    _ bytes: UnsafeRawBufferPointer, _ body: (OpaquePointer, JPEGHeader) throws -> Result
  ) throws -> Result {
    guard let base = bytes.bindMemory(to: UInt8.self).baseAddress, !bytes.isEmpty else {
      throw JPEGError.empty
    }
    guard bytes.count <= limits.bytes else {
      throw JPEGError.tooManyBytes(found: bytes.count, limit: limits.bytes)
    }
    var plain = limits.plain
    var info = cs_jpeg_info()
    var failure = cs_jpeg_failure()
    guard let reader = cs_jpeg_open(base, bytes.count, &plain, &info, &failure) else {
      throw JPEGError(failure, limits: limits)
    }
    defer { cs_jpeg_close(reader) }
    let header = JPEGHeader(
      width: Int(info.width), height: Int(info.height), components: Int(info.components),
      isProgressive: info.is_progressive != 0)
    return try body(reader, header)
  }

  private func read(_ reader: OpaquePointer, into pixels: UnsafeMutableBufferPointer<UInt8>) throws
  {
    var failure = cs_jpeg_failure()
    guard cs_jpeg_read(reader, pixels.baseAddress, pixels.count, &failure) == CS_JPEG_OK else {
      throw JPEGError(failure, limits: limits)
    }
  }
}

import CLibJPEG

/// Encodes images as baseline JPEG with 4:2:0 chroma. Any thread may use it.
public struct JPEGEncoder: Sendable {
  /// libjpeg's quality, `1...100`.
  public let quality: Int

  /// An encoder; `quality` is clamped to `1...100`.
  public init(quality: Int = 85) {
    self.quality = min(max(quality, 1), 100)
  }

  /// The bytes of a whole JPEG file.
  /// - Throws: `JPEGError.memory` where none is left.
  public func encode(_ image: Image) throws -> [UInt8] {
    var failure = cs_jpeg_failure()
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    // `Image` promises height × width × 3 bytes, but its pixels can be assigned.
    guard image.pixels.count == image.width * image.height * 3 else {
      throw ImageError.byteCount(
        expected: image.width * image.height * 3, found: image.pixels.count)
    }
    let status = image.pixels.withUnsafeBufferPointer { pixels in
      cs_jpeg_encode(
        pixels.baseAddress, UInt32(image.width), UInt32(image.height), Int32(quality), &bytes,
        &count, &failure)
    }
    guard status == CS_JPEG_OK, let bytes else {
      throw JPEGError(failure, limits: JPEGLimits())
    }
    defer { cs_jpeg_free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  }
}

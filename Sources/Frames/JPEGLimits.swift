import CLibJPEG

/// What a JPEG from outside may cost; checked before anything of its size is allocated.
public struct JPEGLimits: Sendable, Hashable {
  /// Compressed bytes.
  public var bytes: Int
  /// Width and height in pixels.
  public var side: Int
  /// Width × height.
  public var pixels: Int
  /// Bytes of libjpeg's own working memory; a progressive file needs 3 to 6 per pixel.
  public var workingMemory: Int
  /// Scans of a progressive file.
  public var scans: Int

  /// Limits; the defaults let any camera of today through and keep one decoding below 200 MB.
  /// Values below 1 count as 1, and `side` is at most `Image.maximumSide`.
  public init(
    bytes: Int = 16 << 20, side: Int = Image.maximumSide, pixels: Int = 32 << 20,
    workingMemory: Int = 96 << 20, scans: Int = 100
  ) {
    self.bytes = bytes
    self.side = side
    self.pixels = pixels
    self.workingMemory = workingMemory
    self.scans = scans
  }

  var plain: cs_jpeg_limits {
    cs_jpeg_limits(
      max_side: UInt32(min(max(side, 1), Image.maximumSide)), max_pixels: UInt64(max(pixels, 1)),
      max_memory: UInt64(max(workingMemory, 1)), max_scans: UInt32(clamping: max(scans, 1)))
  }
}

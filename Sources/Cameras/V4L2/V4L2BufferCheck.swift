/// Decides whether a filled buffer holds a picture; the rules are those that years of cheap cameras
/// have taught capture programs.
enum V4L2BufferCheck {
  /// The shortest JPEG that can hold a picture.
  static let shortestJPEG = 125

  /// Why a JPEG is refused, or nil.
  static func refusal(ofJPEG bytes: UnsafeRawBufferPointer) -> String? {
    guard bytes.count >= shortestJPEG else { return bytes.isEmpty ? "empty" : "too-short" }
    guard bytes[0] == 0xff, bytes[1] == 0xd8 else { return "no-start-marker" }
    // Some cameras pad the end with zeros; the decoder sees whether the picture is whole.
    switch (bytes[bytes.count - 2], bytes[bytes.count - 1]) {
    case (0xff, 0xd9), (0xd9, 0x00), (0x00, 0x00): return nil
    default: return "no-end-marker"
    }
  }

  /// Why raw pixels are refused, or nil.
  static func refusal(ofRaw bytes: UnsafeRawBufferPointer, expected: Int) -> String? {
    guard bytes.count < expected else { return nil }
    return bytes.isEmpty ? "empty" : "too-short"
  }
}

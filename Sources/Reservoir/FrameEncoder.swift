import Frames

/// Makes the JPEG that is kept of a frame.
struct FrameEncoder: Sendable {
  /// The longer side of what is kept, in pixels.
  let maximumSide: Int
  private let encoder: JPEGEncoder
  private let decoder = JPEGDecoder()

  init(_ options: ReservoirOptions) {
    maximumSide = options.maximumSide
    encoder = JPEGEncoder(quality: options.jpegQuality)
  }

  /// The size at which a picture is kept, in its proportions as far as whole pixels allow.
  func size(of image: Image) -> (width: Int, height: Int) {
    let longer = max(image.width, image.height)
    guard longer > maximumSide else { return (image.width, image.height) }
    let scaled = { (side: Int) in max((side * maximumSide + longer / 2) / longer, 1) }
    return (scaled(image.width), scaled(image.height))
  }

  /// The bytes of a JPEG without metadata: the camera's own pixels where it sends JPEG of a size that
  /// is kept, otherwise encoded anew.
  /// - Throws: `ImageError` where the picture's bytes do not fit its size, `JPEGError.memory`.
  func jpeg(of frame: Frame) throws -> [UInt8] {
    let image = frame.image
    let size = size(of: image)
    if size == (image.width, image.height) {
      if let jpeg = frame.jpeg, let plain = plain(jpeg, of: image) { return plain }
      return try encoder.encode(image)
    }
    return try encoder.encode(try image.resized(width: size.width, height: size.height).image())
  }

  /// The camera's JPEG, where it is whole, has the picture's size and no more bytes than the picture
  /// itself.
  private func plain(_ jpeg: [UInt8], of image: Image) -> [UInt8]? {
    // Tables and headers of the smallest picture take some hundred bytes.
    guard jpeg.count <= JPEGLimits().bytes, let plain = PlainJPEG.stripped(jpeg),
      plain.count <= image.pixels.count + 4096,
      let decoded = try? decoder.decode(plain), decoded.width == image.width,
      decoded.height == image.height
    else { return nil }
    return plain
  }
}

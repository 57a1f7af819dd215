import Cameras
import Frames

/// Turns what a camera sent into pixels.
enum PictureDecoder {
  private static let jpeg = JPEGDecoder()

  /// - Throws: `JPEGError`, `RawPixelError` or `ImageError` where the picture is broken.
  static func image(from payload: CapturedPicture.Payload) throws -> Image {
    switch payload {
    case .jpeg(let bytes):
      try jpeg.decode(bytes)
    case .yuyv(let bytes, let width, let height, let bytesPerLine):
      try Image(.yuyv, bytes: bytes, width: width, height: height, bytesPerLine: bytesPerLine)
    case .nv12(let bytes, let width, let height, let bytesPerLine):
      try Image(.nv12, bytes: bytes, width: width, height: height, bytesPerLine: bytesPerLine)
    case .rgb(let image):
      image
    }
  }
}

import Foundation
import Frames

/// Makes pictures of cut-out JPEGs.
enum MJPEGPicture {
  /// Looks at the header, which a camera may have broken as well.
  /// - Throws: `JPEGError`.
  static func make(_ bytes: [UInt8]) throws -> CapturedPicture {
    _ = try JPEGDecoder().header(of: bytes)
    return CapturedPicture(payload: .jpeg(bytes), captured: .now, date: Date())
  }

  static func put(_ bytes: [UInt8], into pictures: LatestPicture) {
    do {
      pictures.put(try make(bytes))
    } catch {
      pictures.refuse((error as? JPEGError)?.reason ?? "invalid")
    }
  }
}

extension CameraMode {
  /// Takes over the size of a JPEG; sources that negotiate nothing learn it from their pictures.
  mutating func update(from picture: CapturedPicture) {
    guard case .jpeg(let bytes) = picture.payload,
      let header = try? JPEGDecoder().header(of: bytes)
    else { return }
    width = header.width
    height = header.height
  }
}

import Foundation
import Frames

/// Reads a JPEG file as a square picture.
enum PictureFile {
  /// The file decoded.
  /// - Throws: `JPEGError`, `PictureFileError`.
  static func read(_ path: String, limits: JPEGLimits) throws -> Image {
    try JPEGDecoder(limits: limits).decode(try bytes(path, limit: limits.bytes))
  }

  /// The file decoded and, where it has other sides, brought to a square.
  /// - Throws: `JPEGError`, `ImageError`, `PictureFileError`.
  static func read(_ path: String, size: Int, limits: JPEGLimits) throws -> Image {
    let image = try read(path, limits: limits)
    if image.width == size, image.height == size { return image }
    return try image.square(size).image()
  }

  /// The bytes of a regular file; one more than `limit` where it is larger.
  static func bytes(_ path: String, limit: Int) throws -> [UInt8] {
    // Not blocking: a pipe that took the file's place would never answer.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw PictureFileError(code: errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw PictureFileError(code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw PictureFileError(code: EINVAL) }
    let size = min(max(Int(status.st_size), 0), limit) + 1
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let received = Foundation.read(file, buffer.baseAddress.map { $0 + count }, size - count)
        if received < 0, errno == EINTR { continue }
        guard received >= 0 else { throw PictureFileError(code: errno) }
        if received == 0 { break }
        count += received
      }
    }
  }
}

/// A file that cannot be read; the system's code.
struct PictureFileError: Error, Equatable, CustomStringConvertible {
  let code: Int32

  var description: String {
    "expected a file that can be read, found: \(String(cString: strerror(code)))"
  }
}

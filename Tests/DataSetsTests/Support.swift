import Foundation
import Frames

/// A folder for one test, which has to remove it: `defer { folder.remove() }` also keeps it until then.
struct TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file, with the folders that its name needs.
  func write(_ name: String, _ bytes: [UInt8]) throws {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: "\(path)/\(name)", withDestinationPath: target)
  }
}

/// A JPEG of one shade of grey.
func jpeg(_ shade: UInt8, width: Int = 8, height: Int = 8) throws -> [UInt8] {
  try JPEGEncoder(quality: 95).encode(
    Image(width: width, height: height, red: shade, green: shade, blue: shade))
}

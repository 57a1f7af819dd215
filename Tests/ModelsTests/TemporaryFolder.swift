import Glibc
import Testing

@testable import Models

/// A folder that goes with the value that owns it.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = "/tmp/models-tests-\(getpid())-\(UInt32.random(in: .min ... .max))"
    try #require(mkdir(path, 0o755) == 0)
  }

  deinit {
    // Models are folders of files: two levels.
    for name in Self.names(path) {
      let inner = "\(path)/\(name)"
      for file in Self.names(inner) { unlink("\(inner)/\(file)") }
      if unlink(inner) != 0 { rmdir(inner) }
    }
    rmdir(path)
  }

  /// Writes a file and returns its path.
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    let stream = try #require(fopen(file, "wb"))
    defer { fclose(stream) }
    try #require(fwrite(bytes, 1, bytes.count, stream) == bytes.count)
    return file
  }

  /// A safetensors file of zeros that takes no room: only its header is written.
  func writeSparse(_ parameters: [(String, [Int])], to name: String) throws -> String {
    var offset = 0
    let members = parameters.map { name, shape in
      let start = offset
      offset += 2 * shape.reduce(1, *)
      return JSONMember(
        name,
        .object([
          JSONMember("dtype", .string("F16")),
          JSONMember("shape", .array(shape.map { .integer($0) })),
          JSONMember("data_offsets", .array([.integer(start), .integer(offset)])),
        ]))
    }
    let bytes = safetensors(header: JSONValue.object(members).compactText)
    let file = try write(bytes, to: name)
    try #require(truncate(file, bytes.count + offset) == 0)
    return file
  }

  static func names(_ folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// The bytes of a safetensors file with the given header text.
func safetensors(header: String, data: [UInt8] = [], length: UInt64? = nil) -> [UInt8] {
  let text = Array(header.utf8)
  let length = length ?? UInt64(text.count)
  return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + text + data
}

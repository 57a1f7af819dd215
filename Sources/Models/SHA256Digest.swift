import Crypto

/// SHA-256 of files and of what is copied, 64 lower-case hex digits, in memory of one chunk.
package struct SHA256Digest {
  private var hash = SHA256()

  /// The hash of nothing yet.
  package init() {}

  /// Goes on with more bytes.
  package mutating func update(_ bytes: [UInt8]) { hash.update(data: bytes) }

  /// The hash of all bytes so far.
  package var hex: String { Self.hex(hash.finalize()) }

  /// The hash of bytes in memory.
  package static func hex(of bytes: [UInt8]) -> String { hex(SHA256.hash(data: bytes)) }

  /// The hash of a whole file.
  package static func hex(of file: ReadableFile) throws(FileError) -> String {
    var digest = SHA256Digest()
    var offset = 0
    while offset < file.size {
      let chunk = try file.bytes(at: offset, count: min(1 << 20, file.size - offset))
      digest.update(chunk)
      offset += chunk.count
    }
    return digest.hex
  }

  private static func hex(_ digest: SHA256.Digest) -> String {
    digest.map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}

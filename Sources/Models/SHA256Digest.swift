import Crypto

/// SHA-256 of files, 64 lower-case hex digits, in memory of one chunk.
enum SHA256Digest {
  static func hex(of file: ReadableFile) throws(FileError) -> String {
    var hash = SHA256()
    var offset = 0
    while offset < file.size {
      let chunk = try file.bytes(at: offset, count: min(1 << 20, file.size - offset))
      hash.update(data: chunk)
      offset += chunk.count
    }
    return hash.finalize().map { byte in
      let text = String(byte, radix: 16)
      return text.count == 1 ? "0" + text : text
    }.joined()
  }
}

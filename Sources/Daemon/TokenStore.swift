import Foundation
import Publishers
import Settings

/// Reads the token for requests that change state, and makes one at the first start.
enum TokenStore {
  /// - Returns: the token and its file; nil where none is configured.
  /// - Throws: `SettingsError` where the configured file holds none, or none can be made.
  static func load(_ setting: TokenFile, stateDirectory: String) throws -> (AccessToken, String)? {
    switch setting {
    case .none: return nil
    case .path(let path): return (try read(path), path)
    case .auto:
      let path = stateDirectory + "/token"
      if !FileManager.default.fileExists(atPath: path) { try make(path, in: stateDirectory) }
      return (try read(path), path)
    }
  }

  private static func read(_ path: String) throws -> AccessToken {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw SettingsError(
        place: path, key: "token-file", expected: "a file that can be read",
        found: String(cString: strerror(errno)))
    }
    defer { try? handle.close() }
    let data = (try? handle.read(upToCount: 4096)) ?? Data()
    let line = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
    guard let token = AccessToken(line.trimmingCharacters(in: .whitespaces)) else {
      throw SettingsError(
        place: "\(path):1", key: "token-file",
        expected: "\(AccessToken.minimumLength) or more printable characters",
        found: "\(line.count)")
    }
    return token
  }

  private static func make(_ path: String, in folder: String) throws {
    var random = SystemRandomNumberGenerator()
    let text = (0..<24).map { _ in hex(UInt8.random(in: 0...255, using: &random)) }.joined()
    do {
      try FileManager.default.createDirectory(
        atPath: folder, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o750])
    } catch {
      throw SettingsError(
        place: folder, key: "state-directory", expected: "a folder that can be made",
        found: error.localizedDescription)
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw SettingsError(
        place: path, key: "state-directory", expected: "a folder that can be written",
        found: String(cString: strerror(errno)))
    }
    defer { close(descriptor) }
    let bytes = Array((text + "\n").utf8)
    guard write(descriptor, bytes, bytes.count) == bytes.count else {
      unlink(path)
      throw SettingsError(
        place: path, key: "state-directory", expected: "a folder that can be written",
        found: "no room")
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count == 1 ? "0" + text : text
  }
}

import Foundation
import Models

/// Where things stand in a store's folder.
struct StoreLayout: Sendable {
  /// The store's folder, without a slash at its end.
  let directory: String

  init(directory: String) {
    var directory = directory
    while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
    self.directory = directory
  }

  /// Installed versions, each in a folder named by its id.
  var versions: String { directory + "/versions" }
  /// Copies under way, and what is being removed.
  var incoming: String { directory + "/incoming" }
  /// What the gate refused.
  var rejected: String { directory + "/rejected" }
  /// What links cannot say.
  var state: String { directory + "/state.json" }
  /// The file that writers lock.
  var lock: String { directory + "/lock" }
  /// The folders of a store.
  var folders: [String] { [versions, incoming, rejected] }

  func version(_ id: String) -> String { "\(versions)/\(id)" }
  func rejection(_ id: String) -> String { "\(rejected)/\(id)" }
  func path(_ link: StoreLink) -> String { "\(directory)/\(link.rawValue)" }
  func target(_ id: String) -> String { "versions/\(id)" }

  /// Whether a version's folder is there.
  func has(_ id: String) -> Bool { StoreFiles.isFolder(version(id)) }

  /// Where a link points.
  /// - Throws: `FileError` where it cannot be read though it is there.
  func read(_ link: StoreLink) throws(FileError) -> StoreLink.Target {
    let path = path(link)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { characters in
        characters.baseAddress.map { readlink(path, $0, characters.count) } ?? -1
      }
    }
    guard count >= 0 else {
      switch errno {
      case ENOENT: return .factory
      case EINVAL: return .other("no link")
      case let code: throw FileError(call: "readlink", path: path, code: code)
      }
    }
    let target = String(decoding: buffer[..<count], as: UTF8.self)
    guard target.hasPrefix("versions/") else { return .other(target) }
    let id = String(target.dropFirst("versions/".count))
    return Self.isID(id) ? .version(id) : .other(target)
  }

  /// The id of a link, nil where it is not there or points elsewhere.
  func id(_ link: StoreLink) throws(FileError) -> String? {
    guard case .version(let id) = try read(link) else { return nil }
    return id
  }

  /// Whether a text is 64 lower-case hex digits.
  static func isID(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
  }
}

/// A store's symbolic links. One that is not there stands for the factory model.
enum StoreLink: String, Sendable, CaseIterable {
  /// The version that serves.
  case current
  /// The version to go back to.
  case previous

  /// Where a link points.
  enum Target: Equatable {
    /// There is no link.
    case factory
    /// At a version, which may be there or not.
    case version(String)
    /// Not at a version.
    case other(String)
  }
}

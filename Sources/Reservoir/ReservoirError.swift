import Models

/// What can go wrong with a reservoir.
public enum ReservoirError: Error, Equatable, CustomStringConvertible {
  /// An option has a value that cannot be.
  case option(name: String, expected: String, found: String)
  /// The folder cannot be made, opened or listed; a link in its place is refused too.
  case folder(path: String, reason: String)
  /// Others may enter the folder, and it holds files that are not the reservoir's, so that its
  /// permissions are left as they are.
  case tooOpen(path: String, mode: String)
  /// Another process, or another reservoir of this one, keeps frames in the folder.
  case inUse(path: String)
  /// A file cannot be written or deleted.
  case file(FileError)
  /// No frame has this id; it may have had to go since the id was learnt.
  case unknown(id: String)
  /// A kept frame cannot be read or is not what was kept.
  case damaged(id: String, reason: String)
  /// A frame cannot be encoded.
  case picture(reason: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "reservoir: expected \(name) of \(expected), found \(found)"
    case .folder(let path, let reason):
      "expected a folder for frames at \(path), found: \(reason)"
    case .tooOpen(let path, let mode):
      "expected a folder that nobody else may enter (mode 0700) at \(path), found mode \(mode) and "
        + "files that are not the reservoir's"
    case .inUse(let path):
      "expected to be alone in \(path), found another process that keeps frames"
    case .file(let error): "\(error)"
    case .unknown(let id): "expected the id of a kept frame, found \"\(id.prefix(200))\""
    case .damaged(let id, let reason): "expected a whole frame in \(id), found: \(reason)"
    case .picture(let reason): "expected a frame that can be encoded, found: \(reason)"
    }
  }
}

import Foundation
import Yams

extension Settings {
  /// A larger configuration file is refused unread, in bytes.
  public static let maximumFileBytes = 256 * 1024
  /// The most cameras that one daemon serves.
  public static let maximumCameras = 16

  /// Reads a configuration file.
  /// - Throws: `SettingsError` with every problem and its line.
  public static func load(file: String) throws -> Settings {
    guard let handle = FileHandle(forReadingAtPath: file) else {
      let reason = String(cString: strerror(errno))
      throw SettingsError(place: file, expected: "a configuration file", found: reason)
    }
    defer { try? handle.close() }
    let data: Data
    do {
      data = try handle.read(upToCount: maximumFileBytes + 1) ?? Data()
    } catch {
      throw SettingsError(
        place: file, expected: "a configuration file", found: "one that cannot be read")
    }
    guard data.count <= maximumFileBytes else {
      throw SettingsError(
        place: file, expected: "at most \(maximumFileBytes) bytes", found: "a larger file")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw SettingsError(place: file, expected: "UTF-8 text", found: "other bytes")
    }
    return try parse(text, file: file)
  }

  /// Reads a configuration from its text; what it does not name keeps its default.
  /// - Parameter file: how the file is called in messages.
  /// - Throws: `SettingsError` with every problem and its line.
  public static func parse(_ text: String, file: String) throws -> Settings {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw SettingsError([syntaxProblem(error, file: file)])
    }
    var settings = Settings()
    guard let root else { return settings }
    if root.scalar?.string.isEmpty == true { return settings }
    var reader = YAMLReader(file: file)
    settings.read(root, &reader)
    guard reader.problems.isEmpty else { throw SettingsError(reader.problems) }
    return settings
  }

  private static func syntaxProblem(_ error: YamlError, file: String) -> SettingsProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return SettingsProblem(
        place: "\(file):\(mark.line)", key: "", expected: "YAML", found: "\(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return SettingsProblem(
        place: "\(file):\(context.mark.line)", key: "", expected: "each key once",
        found: "\(duplicates.map { "\($0)" }.joined(separator: ", ")) more than once")
    case .reader(let problem, _, _, _):
      return SettingsProblem(place: file, key: "", expected: "YAML", found: problem)
    default:
      return SettingsProblem(
        place: file, key: "", expected: "YAML", found: YAMLReader.shortened("\(error)"))
    }
  }

  private mutating func read(_ root: Node, _ reader: inout YAMLReader) {
    let values = reader.mapping(
      root, "",
      keys: [
        "listen", "token-file", "state-directory", "socket", "model", "compare", "log-level",
        "engine", "detection", "guard", "http", "refresh", "cameras",
      ])
    if let node = values["listen"] {
      if let address = node.scalar.flatMap({ ListenAddress($0.string) }) {
        listen = address
      } else {
        reader.report(node, "listen", expected: "HOST:PORT")
      }
    }
    if let node = values["token-file"] {
      switch reader.text(node, "token-file", expected: "a path, auto or none") {
      case "auto": tokenFile = .auto
      case "none": tokenFile = .none
      case .some(let path): tokenFile = .path(path)
      case .none: break
      }
    }
    if let node = values["state-directory"] {
      stateDirectory = reader.text(node, "state-directory", unless: "auto", expected: "a path")
    }
    if let node = values["socket"] {
      socket = reader.text(node, "socket", unless: "auto", expected: "a path")
      if let path = socket, path.utf8.count > 107 {
        reader.report(
          node, "socket", expected: "a path of at most 107 bytes", found: "\(path.utf8.count) bytes"
        )
      }
    }
    if let node = values["model"] {
      model = reader.text(node, "model", unless: "auto", expected: "a folder")
    }
    if let node = values["compare"] {
      compare = reader.text(node, "compare", unless: "none", expected: "a folder")
    }
    if let node = values["log-level"] {
      logLevel = reader.choice(node, "log-level", of: LogLevel.self) ?? logLevel
    }
    if let node = values["engine"] { engine.read(node, &reader) }
    if let node = values["detection"] { detection.read(node, &reader) }
    if let node = values["guard"] { guarding.read(node, &reader) }
    if let node = values["http"] { http.read(node, &reader) }
    if let node = values["refresh"] { refresh.read(node, &reader) }
    if let node = values["cameras"] { cameras = CameraSettings.read(node, &reader) }
  }
}

import Models

/// Where a version of the store comes from.
public enum ModelOrigin: String, Sendable, CaseIterable {
  /// It came with the program.
  case factory
  /// Somebody installed it.
  case installed
  /// The device made it from its parent.
  case refresh
}

/// What `version.json` says beside a version's files. It is no part of what the id stands for.
struct VersionRecord: Sendable, Equatable {
  static let fileName = "version.json"

  /// The SHA-256 of the bundle's `model.json`.
  var id: String
  var origin: ModelOrigin
  /// When it was installed, in ISO 8601.
  var created: String
  /// The version it was made from.
  var parent: String?
  /// Counts the store's versions, from 1, never twice the same.
  var sequence: Int
  /// What the gate said of it, as it came.
  var gate: JSONValue?

  init(
    id: String, origin: ModelOrigin, created: String, parent: String?, sequence: Int,
    gate: JSONValue?
  ) {
    self.id = id
    self.origin = origin
    self.created = created
    self.parent = parent
    self.sequence = sequence
    self.gate = gate
  }

  /// Reads the record of a version's folder.
  /// - Throws: `ModelStoreError.json`, `FileError`.
  init(directory: String) throws {
    let path = ModelBundle.join(directory, Self.fileName)
    let bytes = try StoreFiles.read(path, limit: StoreJSON.maximumBytes)
    self = try StoreJSON.read(bytes, path: path) { object in
      let origin = try object.choice("origin", ModelOrigin.allCases.map(\.rawValue))
      return VersionRecord(
        id: try object.id("id"), origin: ModelOrigin(rawValue: origin) ?? .installed,
        created: try object.date("created"), parent: try object.optionalHash("parent"),
        sequence: try object.integer("sequence", 1...Int.max), gate: object.optionalValue("gate"))
    }
  }

  /// The file's text.
  var text: [UInt8] {
    var members = [
      JSONMember("id", .string(id)), JSONMember("origin", .string(origin.rawValue)),
      JSONMember("created", .string(created)),
    ]
    if let parent { members.append(JSONMember("parent", .string(parent))) }
    members.append(JSONMember("sequence", .integer(sequence)))
    if let gate { members.append(JSONMember("gate", gate)) }
    return StoreJSON.text(members)
  }
}

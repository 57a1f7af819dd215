import Models

/// Who signed a model, as far as the policy's keys tell.
public enum SignatureStatus: Sendable, Equatable, CustomStringConvertible {
  /// It has no signature.
  case unsigned
  /// It has one, and the policy names no keys to compare it with.
  case unchecked
  /// A trusted key made it.
  case signed(by: String)
  /// It has one that is by no trusted key, or none at all.
  case invalid(reason: String)

  /// A few words.
  public var description: String {
    switch self {
    case .unsigned: "unsigned"
    case .unchecked: "signed, not checked"
    case .signed(let name): "signed by \(name)"
    case .invalid(let reason): "invalid: \(reason)"
    }
  }
}

/// A version of a model in a store, as a list shows it. Only its manifest has been read.
public struct ModelVersion: Sendable, Equatable {
  /// Where a version stands.
  public enum Place: String, Sendable {
    /// Outside the store, as it came with the program.
    case factory
    /// Among the store's versions.
    case installed
    /// Among the refused candidates, where nothing serves from.
    case rejected
  }

  /// The SHA-256 of its `model.json`.
  public var id: String
  /// Where it stands.
  public var place: Place
  /// Its folder.
  public var directory: String
  /// Its name; nil where its manifest cannot be read.
  public var name: String?
  /// The owner's serial, from the manifest.
  public var serial: Int?
  /// Bytes of all files that the manifest names.
  public var bytes = 0
  /// Where it comes from.
  public var origin: ModelOrigin
  /// When it came into the store, in ISO 8601; nil for the factory model.
  public var created: String?
  /// The version it was made from.
  public var parent: String?
  /// Counts the store's versions, from 1; 0 for the factory model.
  public var sequence = 0
  /// What the gate said when it was let in, or why it was refused, as JSON.
  public var gate: [UInt8]?
  /// Who signed it.
  public var signature = SignatureStatus.unsigned
  /// Whether it serves.
  public var isCurrent = false
  /// Whether it is what a rollback goes to.
  public var isPrevious = false
  /// Whether it has proved itself; the factory model always has.
  public var isGood = false
  /// Its probation, where it is current and on one.
  public var probation: Probation?
  /// Why it went out of service, where it did.
  public var rolledBack: RolledBack?
  /// What is wrong with its manifest or record.
  public var problem: String?

  init(id: String, place: Place, directory: String, origin: ModelOrigin) {
    self.id = id
    self.place = place
    self.directory = directory
    self.origin = origin
  }

  /// The version for machines; the properties' names in snake_case, absent where they are nil.
  public var json: JSONValue {
    var members = [
      JSONMember("id", .string(id)), JSONMember("place", .string(place.rawValue)),
      JSONMember("directory", .string(directory)), JSONMember("origin", .string(origin.rawValue)),
      JSONMember("bytes", .integer(bytes)), JSONMember("sequence", .integer(sequence)),
      JSONMember("signature", .string(signature.description)),
      JSONMember("is_current", .bool(isCurrent)), JSONMember("is_previous", .bool(isPrevious)),
      JSONMember("is_good", .bool(isGood)),
    ]
    func add(_ key: String, _ text: String?) {
      if let text { members.append(JSONMember(key, .string(text))) }
    }
    add("name", name)
    if let serial { members.append(JSONMember("serial", .integer(serial))) }
    add("created", created)
    add("parent", parent)
    if let probation {
      members.append(
        JSONMember(
          "probation",
          .object([
            JSONMember("attempts", .integer(probation.attempts)),
            JSONMember("since", .string(probation.since)),
          ])))
    }
    if let rolledBack {
      members.append(
        JSONMember(
          "rolled_back",
          .object([
            JSONMember("reason", .string(rolledBack.reason)),
            JSONMember("date", .string(rolledBack.date)),
          ])))
    }
    if let gate, let value = try? JSONScanner.parse(gate) {
      members.append(JSONMember("gate", value))
    }
    add("problem", problem)
    return .object(members)
  }
}

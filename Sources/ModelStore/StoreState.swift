import Models

/// What the store knows beyond its folders and links; `state.json` holds it.
struct StoreState: Sendable, Equatable {
  /// The largest sequence number that was given to a version.
  var lastSequence = 0
  /// Manifests with a smaller serial are refused; never lowered.
  var minimumSerial: Int?
  /// Versions that have to prove themselves. That of the current version counts; another one's is
  /// left from, or meant for, an activation.
  var probations: [Probation] = []
  /// Versions that proved themselves, the latest last.
  var good: [String] = []
  /// Versions that went out of service, the latest last. None of them serves again unless it is
  /// activated: where the current version stands here, a rollback was interrupted.
  var rolledBack: [RolledBack] = []

  static let maximumGood = 64
  static let maximumRolledBack = 32

  init() {}

  func probation(_ id: String) -> Probation? { probations.first { $0.id == id } }

  mutating func set(_ probation: Probation) {
    probations.removeAll { $0.id == probation.id }
    probations.append(probation)
  }

  mutating func setGood(_ id: String) {
    good.removeAll { $0 == id }
    good.append(id)
    probations.removeAll { $0.id == id }
  }

  mutating func setRolledBack(_ change: RolledBack) {
    good.removeAll { $0 == change.id }
    rolledBack.removeAll { $0.id == change.id }
    rolledBack.append(change)
  }

  func wasRolledBack(_ id: String) -> Bool { rolledBack.contains { $0.id == id } }

  /// Reads a state; nil where there is no file.
  /// - Throws: `ModelStoreError.json`, `FileError`.
  init?(path: String) throws {
    guard StoreFiles.status(path) != nil else { return nil }
    let bytes = try StoreFiles.read(path, limit: StoreJSON.maximumBytes)
    self = try StoreJSON.read(bytes, path: path) { object in
      var state = StoreState()
      state.lastSequence = try object.integer("lastSequence", 0...Int.max)
      state.minimumSerial = try object.optionalInteger("minimumSerial", 0...Int.max)
      for var item in try object.objects("probations", 0...16) {
        state.probations.append(
          Probation(
            id: try item.id("id"), attempts: try item.integer("attempts", 0...Int.max - 1),
            since: try item.date("since")))
        try item.finish()
      }
      for id in try object.strings("good", 0...Self.maximumGood) {
        guard StoreLayout.isID(id) else {
          throw ModelError.value(key: "good", expected: "ids of 64 hex digits", found: id)
        }
        state.good.append(id)
      }
      for var item in try object.objects("rolledBack", 0...Self.maximumRolledBack) {
        state.rolledBack.append(
          RolledBack(
            id: try item.id("id"), target: try item.optionalHash("target"),
            reason: try item.string("reason", 0...StoreJSON.maximumReason),
            date: try item.date("date")))
        try item.finish()
      }
      return state
    }
  }

  /// The file's text, with as much of the past as is kept.
  var text: [UInt8] {
    var members = [JSONMember("lastSequence", .integer(lastSequence))]
    if let minimumSerial { members.append(JSONMember("minimumSerial", .integer(minimumSerial))) }
    let probations = probations.suffix(16).map { probation in
      JSONValue.object([
        JSONMember("id", .string(probation.id)),
        JSONMember("attempts", .integer(probation.attempts)),
        JSONMember("since", .string(probation.since)),
      ])
    }
    let rolledBack = rolledBack.suffix(Self.maximumRolledBack).map { change in
      var members = [JSONMember("id", .string(change.id))]
      if let target = change.target { members.append(JSONMember("target", .string(target))) }
      members.append(JSONMember("reason", .string(StoreJSON.bounded(change.reason))))
      members.append(JSONMember("date", .string(change.date)))
      return JSONValue.object(members)
    }
    members.append(JSONMember("probations", .array(probations)))
    members.append(
      JSONMember("good", .array(good.suffix(Self.maximumGood).map { .string($0) })))
    members.append(JSONMember("rolledBack", .array(rolledBack)))
    return StoreJSON.text(members)
  }
}

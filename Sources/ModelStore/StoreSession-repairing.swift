import Foundation
import Models

extension StoreSession {
  /// Repairs everything that an interrupted run may have left. What cannot be repaired (a full disk,
  /// say) is said, and the store serves all the same.
  mutating func repair() throws {
    try repairing("incoming") { session in try session.removeLeftovers() }
    try loadOrReplace()
    try repairing("versions") { session in try session.protectVersions() }
    try repairLinks(hashing: true)
  }

  /// Does a repair; a file that does not let itself be changed is said and no error.
  private mutating func repairing(
    _ what: String, _ body: (inout StoreSession) throws -> Void
  ) throws {
    do { try body(&self) } catch let error as FileError {
      events.append(.repairFailed(what: what, reason: error.description))
    }
  }

  private mutating func removeLeftovers() throws {
    for name in try StoreFiles.names(in: layout.incoming) {
      try files.removeTree(layout.incoming + "/" + name)
      events.append(.leftoverRemoved(name: "incoming/" + name))
    }
    for path in [layout.state] + StoreLink.allCases.map(layout.path) {
      let temporary = path + StoreFiles.temporarySuffix
      guard try files.removeIfThere(temporary) else { continue }
      events.append(.leftoverRemoved(name: (temporary as NSString).lastPathComponent))
    }
  }

  /// A version becomes read-only after its rename, and loses that before it is removed.
  private func protectVersions() throws {
    for folder in [layout.versions, layout.rejected] {
      for name in try StoreFiles.names(in: folder) where StoreLayout.isID(name) {
        let path = "\(folder)/\(name)"
        guard let status = StoreFiles.status(path), status.st_mode & S_IFMT == S_IFDIR else {
          continue
        }
        if status.st_mode & 0o7777 != 0o555 { try files.changeMode(path, 0o555) }
      }
    }
  }

  /// Reads the state. Where it cannot be read, nothing is known of the current version, which
  /// therefore has to prove itself again; the unreadable file is kept beside the new one.
  /// - Throws: `FileError` where it says nothing of the file, as with too many open files.
  mutating func loadOrReplace() throws {
    let reason: String
    do {
      if let found = try StoreState(path: layout.state) {
        state = found
        return
      }
      // The first installation writes it before anything else.
      guard try hasVersions() else { return }
      reason = "expected a file, found none"
    } catch  where Self.isFault(error) && !Self.isTransient(error) {
      reason = "\(error)"
    }
    state = StoreState()
    for folder in [layout.versions, layout.rejected] {
      for id in (try? StoreFiles.names(in: folder)) ?? [] where StoreLayout.isID(id) {
        let record = try? VersionRecord(directory: "\(folder)/\(id)")
        state.lastSequence = max(state.lastSequence, record?.sequence ?? 0)
      }
    }
    if let id = try layout.id(.current) {
      state.set(Probation(id: id, attempts: 0, since: context.date))
    }
    // Whatever the way back was, it was one.
    if let id = try layout.id(.previous) { state.setGood(id) }
    events.append(.stateReplaced(reason: reason))
    try repairing("state.json") { session in
      if StoreFiles.status(session.layout.state) != nil {
        try session.files.rename(session.layout.state, to: session.layout.state + ".damaged")
      }
      try session.save()
    }
  }

  private func hasVersions() throws -> Bool {
    if try layout.read(.current) != .factory { return true }
    return try [layout.versions, layout.rejected].contains { folder in
      try StoreFiles.names(in: folder).contains(where: StoreLayout.isID)
    }
  }

  /// Makes the links point at versions that are there.
  /// - Parameter hashing: whether a current version that is not on probation is opened and hashed, and
  ///   rolled back where it is not sound.
  mutating func repairLinks(hashing: Bool) throws {
    try repairing("current") { session in try session.repairCurrent(hashing: hashing) }
    try repairing("previous") { session in try session.repairPrevious() }
  }

  private mutating func repairCurrent(hashing: Bool) throws {
    let found: String
    switch try layout.read(.current) {
    case .factory: return
    case .other(let target): found = target
    case .version(let id):
      if layout.has(id) {
        try repairCurrent(id, hashing: hashing)
        return
      }
      found = "\(id), which is not there"
    }
    let bundle = try firstUsable(try candidates(except: nil))
    let target = bundle.flatMap { $0.directory == context.factory ? nil : $0.id }
    try set(.current, to: target)
    events.append(.linkRepaired(name: "current", found: found, to: target))
  }

  private mutating func repairCurrent(_ id: String, hashing: Bool) throws {
    if let interrupted = state.rolledBack.last(where: { $0.id == id }) {
      try rollBack(id, reason: interrupted.reason)
      return
    }
    guard hashing, state.probation(id) == nil else { return }
    do { _ = try open(id) } catch  where Self.isTransient(error) {
      events.append(.skipped(id: id, reason: "\(error)"))
    } catch  where Self.isFault(error) {
      try rollBack(id, reason: "\(error)")
    }
  }

  private mutating func repairPrevious() throws {
    let current = try layout.id(.current)
    let found: String
    switch try layout.read(.previous) {
    case .factory: return
    case .other(let target): found = target
    case .version(let id):
      // A crash between the two links of an activation leaves the third.
      if layout.has(id), id != current { return }
      found = id == current ? "\(id), the current version" : "\(id), which is not there"
    }
    try set(.previous, to: nil)
    let good = state.good.reversed().first {
      $0 != current && !state.wasRolledBack($0) && layout.has($0)
    }
    if let good { try set(.previous, to: good) }
    events.append(.linkRepaired(name: "previous", found: found, to: good))
  }
}

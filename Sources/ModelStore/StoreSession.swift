import Foundation
import Models

/// A change under way: the store's lock is held, its state is in memory.
struct StoreSession {
  let context: StoreContext
  var state = StoreState()
  var events: [StoreEvent] = []
  /// The version that was opened and hashed last, for who opens it next.
  var opened: ModelBundle?

  init(context: StoreContext) { self.context = context }

  var layout: StoreLayout { context.layout }
  var files: StoreFiles { context.files }
  var options: ModelStore.Options { context.options }

  /// Reads the state.
  /// - Throws: `ModelStoreError.json`, `FileError`.
  mutating func load() throws { state = try StoreState(path: layout.state) ?? StoreState() }

  /// Writes the state. Of the probations those of the current version and of the one that is to
  /// become it are kept.
  func save(activating id: String? = nil) throws {
    var kept = state
    let current = try layout.id(.current)
    kept.probations.removeAll { $0.id != current && $0.id != id }
    try files.replace(layout.state, with: kept.text)
  }

  /// Points a link at a version; nil, the factory model, removes it.
  func set(_ link: StoreLink, to id: String?) throws {
    if let id {
      try files.link(layout.path(link), to: layout.target(id))
    } else if try files.removeIfThere(layout.path(link)) {
      try files.synchroniseFolder(layout.directory)
    }
  }

  /// Opens a version and hashes its files.
  /// - Throws: `ModelStoreError.identity`, `ModelError`, `SafetensorsError`, `FileError`.
  mutating func open(_ id: String) throws -> ModelBundle {
    if let bundle = opened, bundle.id == id, bundle.directory == layout.version(id) {
      return bundle
    }
    let bundle = try ModelBundle(directory: layout.version(id), limits: options.limits)
    try checkIdentity(id, bundle.id)
    opened = bundle
    return bundle
  }

  private func checkIdentity(_ id: String, _ found: String) throws {
    guard found == id else {
      let path = ModelBundle.join(layout.version(id), ModelManifest.fileName)
      throw ModelStoreError.identity(path: path, expected: id, found: found)
    }
  }

  /// Asks the policy about a version; only its manifest and its signature are read.
  /// - Throws: `PolicyRefusal`; `ModelStoreError.identity`, `ModelError`, `FileError`.
  func admit(_ id: String) throws {
    let directory = layout.version(id)
    let bytes = try ModelBundle.manifestBytes(in: directory)
    try checkIdentity(id, SHA256Digest.hex(of: bytes))
    let path = ModelBundle.join(directory, ModelManifest.fileName)
    try options.policy.check(
      try ModelManifest(json: bytes, path: path), bytes: bytes, directory: directory,
      minimum: state.minimumSerial)
  }

  /// Opens the factory model, where the policy lets it in.
  /// - Throws: `PolicyRefusal`, `ModelError`, `SafetensorsError`, `FileError`.
  func openFactory() throws -> ModelBundle {
    let bundle = try ModelBundle(directory: context.factory, limits: options.limits)
    if !options.policy.trustsFactory {
      try options.policy.check(
        bundle.manifest, bytes: bundle.manifestBytes, directory: context.factory,
        minimum: state.minimumSerial)
    }
    return bundle
  }

  /// What may serve instead of a version, the best first; nil is the factory model. What was rolled
  /// back is not among them, nor what is not there.
  func candidates(except id: String?) throws -> [String?] {
    let good = state.good.reversed().map(Optional.some)
    let previous = try layout.read(.previous)
    var all: [String?] =
      switch previous {
      case .version(let version): [version] + good + [nil]
      case .factory: [nil] + good
      case .other: good + [nil]
      }
    all = all.filter { candidate in
      guard let candidate else { return true }
      return candidate != id && !state.wasRolledBack(candidate) && layout.has(candidate)
    }
    var seen: Set<String?> = []
    return all.filter { seen.insert($0).inserted }
  }

  /// The first of some candidates that is sound and let in; nil where none is. Says of each before it
  /// why it is not.
  mutating func firstUsable(_ candidates: [String?]) throws -> ModelBundle? {
    for candidate in candidates {
      do {
        guard let candidate else { return try openFactory() }
        try admit(candidate)
        return try open(candidate)
      } catch let refusal as PolicyRefusal {
        events.append(.refused(id: candidate, reason: refusal.description))
      } catch  where Self.isFault(error) {
        events.append(.skipped(id: candidate, reason: "\(error)"))
      }
    }
    return nil
  }

  /// Puts a version out of service for good. The state is written first: a crash after it is noticed,
  /// for what was rolled back is current, and made good.
  mutating func rollBack(_ id: String, reason: String) throws {
    let candidates = try candidates(except: id)
    let bundle = try firstUsable(candidates)
    let target = bundle.flatMap { $0.directory == context.factory ? nil : $0.id }
    let change = RolledBack(
      id: id, target: target, reason: StoreJSON.bounded(reason), date: context.date)
    state.setRolledBack(change)
    try save()
    try set(.current, to: target)
    // The way back from the target is what would have come after it.
    let next = candidates.drop { $0 != target }.dropFirst().first ?? nil
    try set(.previous, to: target == nil ? nil : next)
    events.append(.rolledBack(change))
  }
}

extension StoreSession {
  /// Whether an error says that a file or a bundle cannot be used, and not that something is wrong
  /// with the program.
  static func isFault(_ error: any Error) -> Bool {
    error is FileError || error is ModelError || error is SafetensorsError
      || error is ModelStoreError
  }

  /// Whether an error says something of this process or moment, and nothing of the version.
  static func isTransient(_ error: any Error) -> Bool {
    guard let error = error as? FileError else { return false }
    return [EMFILE, ENFILE, ENOMEM, EAGAIN, EACCES, EPERM].contains(error.code)
  }
}

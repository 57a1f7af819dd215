import Models

/// The model to load, and how it came to be this one.
public struct Selection: Sendable {
  /// The SHA-256 of its `model.json`.
  public let id: String
  /// Its folder.
  public let directory: String
  /// The model, opened; its files were hashed.
  public let bundle: ModelBundle
  /// Whether it is the factory model.
  public let isFactory: Bool
  /// Whether it serves instead of the current version, which could not or must not be used this time
  /// and stays current; the events say why.
  public let isFallback: Bool
  /// Which start on probation this is, from 1; nil where it is on none.
  public let attempt: Int?
  /// What the store did to get here, for a log.
  public let events: [StoreEvent]
}

extension ModelStore {
  /// Says which model to load; to be called each time before one is loaded. A start of a version on
  /// probation is counted, on the disk, before its files are opened. One whose starts are used up or
  /// that is not sound is rolled back. One that the policy does not let in, or whose start cannot be
  /// counted, is passed over: the policy may be another tomorrow.
  /// - Throws: `ModelStoreError.noModel` where nothing can serve, the factory model included;
  ///   `ModelStoreError.locked`, `FileError`.
  public func selectForStart() throws -> Selection {
    try change { session in
      try session.loadOrReplace()
      try session.repairLinks(hashing: false)
      return try session.select()
    }
  }

  /// Says that a version works, which ends its probation.
  /// - Parameter id: the version that was loaded (`Selection.id`), since another may be current by
  ///   now; the current one where it is nil.
  /// - Returns: whether the version is known to be good now; it is not where it was rolled back
  ///   meanwhile.
  /// - Throws: `ModelStoreError.unknown`, `ModelStoreError.locked`, `FileError`.
  @discardableResult public func markGood(_ id: String? = nil) throws -> Bool {
    try change { session in
      try session.load()
      // The factory model has nothing to prove.
      guard let id = try id ?? session.layout.id(.current) else { return true }
      guard session.layout.has(id) else {
        if id == reader.factoryID { return true }
        throw ModelStoreError.unknown(id: id)
      }
      if session.state.wasRolledBack(id) { return false }
      let isKnown = session.state.good.contains(id) && session.state.probation(id) == nil
      guard !isKnown else { return true }
      session.state.setGood(id)
      try session.save()
      return true
    }
  }

  /// Puts the current version out of service for good, and goes back to the previous one, to another
  /// that has proved itself, or to the factory model.
  /// - Parameters:
  ///   - reason: why, in words; at most 2048 bytes are kept.
  ///   - expected: the version that is meant: where another one is current by now, that one stays.
  /// - Returns: the model to load now.
  /// - Throws: `ModelStoreError.isFactory` where there is nothing to go back from,
  ///   `ModelStoreError.noModel`, `ModelStoreError.locked`, `FileError`.
  public func rollback(reason: String, of expected: String? = nil) throws -> Selection {
    try change { session in
      try session.load()
      guard let id = try session.layout.id(.current) else { throw ModelStoreError.isFactory }
      if expected == nil || expected == id { try session.rollBack(id, reason: reason) }
      return try session.select()
    }
  }
}

extension StoreSession {
  private enum Outcome {
    case selected(Selection)
    case rolledBack
    case passedOver
  }

  /// The model to load, from the current version on.
  mutating func select() throws -> Selection {
    var passedOver: String?
    // Each turn puts a version out of service, so that this ends.
    while case .version(let id) = try layout.read(.current) {
      switch try start(id) {
      case .selected(let selection): return selection
      case .rolledBack: continue
      case .passedOver: passedOver = id
      }
      break
    }
    var candidates = try candidates(except: passedOver)
    // Without a link the factory model is current.
    if passedOver == nil { candidates = [nil] + candidates.filter { $0 != nil } }
    guard let bundle = try firstUsable(candidates) else {
      throw ModelStoreError.noModel(reasons: events.map(\.description))
    }
    let isFactory = bundle.directory == context.factory
    return selection(bundle, isFallback: passedOver != nil || !isFactory, attempt: nil)
  }

  private func selection(_ bundle: ModelBundle, isFallback: Bool, attempt: Int?) -> Selection {
    Selection(
      id: bundle.id, directory: bundle.directory, bundle: bundle,
      isFactory: bundle.directory == context.factory, isFallback: isFallback, attempt: attempt,
      events: events)
  }

  private mutating func start(_ id: String) throws -> Outcome {
    do {
      var probation = state.probation(id)
      if let probation, probation.attempts >= options.probationAttempts {
        return try outcome(
          rollingBack: id, reason: "not marked good within \(probation.attempts) starts")
      }
      try admit(id)
      probation?.attempts += 1
      if let probation, !(try count(probation)) { return .passedOver }
      return .selected(
        selection(try open(id), isFallback: false, attempt: probation?.attempts))
    } catch let refusal as PolicyRefusal {
      events.append(.refused(id: id, reason: refusal.description))
      return .passedOver
    } catch  where Self.isTransient(error) {
      events.append(.skipped(id: id, reason: "\(error)"))
      return .passedOver
    } catch  where Self.isFault(error) {
      return try outcome(rollingBack: id, reason: "\(error)")
    }
  }

  /// Writes a start down; whether that was possible.
  private mutating func count(_ probation: Probation) throws -> Bool {
    state.set(probation)
    do { try save() } catch let error as FileError {
      events.append(.attemptNotCounted(id: probation.id, reason: error.description))
      return false
    }
    return true
  }

  /// Rolls back; where the disk does not let it, the version is passed over this time.
  private mutating func outcome(rollingBack id: String, reason: String) throws -> Outcome {
    do { try rollBack(id, reason: reason) } catch let error as FileError {
      events.append(.skipped(id: id, reason: reason))
      events.append(.repairFailed(what: "current", reason: error.description))
      return .passedOver
    }
    return .rolledBack
  }
}

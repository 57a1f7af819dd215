import Models

extension ModelStore {
  /// Makes a version the one that serves from the next start on. What was current becomes the way
  /// back, unless it never proved itself: then the way back stays what it was.
  /// - Parameters:
  ///   - id: a version's id, or the factory model's.
  ///   - probation: whether the version has to be marked good within a number of starts. Without it
  ///     the caller answers for the version, and it counts as good. The factory model is never on
  ///     probation, nor what is current already and proved itself.
  /// - Throws: `ModelStoreError.unknown`, `ModelStoreError.refused` where the policy does not let it
  ///   in, `ModelStoreError.locked`; `ModelError`, `SafetensorsError` or `FileError` where the
  ///   version is not sound.
  public func activate(_ id: String, probation: Bool) throws {
    try change { session in
      try session.load()
      if session.layout.has(id), StoreLayout.isID(id) {
        try session.check(id)
        try session.activate(id, probation: probation)
      } else if id == reader.factoryID {
        try session.checkFactory()
        try session.activate(nil, probation: false)
      } else {
        throw ModelStoreError.unknown(id: id)
      }
    }
  }

  /// Refuses manifests with a smaller serial, or with none, from now on. It is never lowered. A current
  /// version below it is passed over at the next start.
  /// - Returns: what counts now.
  /// - Throws: `ModelStoreError.option` for a negative number, `ModelStoreError.locked`, `FileError`.
  @discardableResult public func raiseMinimumSerial(to serial: Int) throws -> Int {
    guard serial >= 0 else {
      throw ModelStoreError.option(
        name: "minimumSerial", expected: "0 or more", found: "\(serial)")
    }
    return try change { session in
      try session.load()
      let raised = max(serial, session.state.minimumSerial ?? 0)
      if raised != session.state.minimumSerial {
        session.state.minimumSerial = raised
        try session.save()
      }
      return max(raised, context.options.policy.minimumSerial ?? 0)
    }
  }
}

extension StoreSession {
  /// - Throws: `ModelStoreError.refused`, and what `open(_:)` throws.
  fileprivate mutating func check(_ id: String) throws {
    do { try admit(id) } catch let refusal as PolicyRefusal {
      throw ModelStoreError.refused(path: layout.version(id), refusal)
    }
    _ = try open(id)
  }

  fileprivate func checkFactory() throws {
    do { _ = try openFactory() } catch let refusal as PolicyRefusal {
      throw ModelStoreError.refused(path: context.factory, refusal)
    }
  }

  /// - Parameter id: nil is the factory model.
  fileprivate mutating func activate(_ id: String?, probation: Bool) throws {
    let current = try layout.read(.current)
    if let id {
      let isCurrent = current == .version(id)
      state.rolledBack.removeAll { $0.id == id }
      if probation {
        // What serves already goes on as it is.
        if isCurrent { return }
        state.good.removeAll { $0 == id }
        state.set(Probation(id: id, attempts: 0, since: context.date))
      } else {
        state.setGood(id)
      }
      // Before the links: there is no instant in which the version is current and not on probation.
      try save(activating: id)
      if isCurrent { return }
    } else if current == .factory {
      return
    }
    switch current {
    case .factory: try set(.previous, to: nil)
    case .version(let old) where state.probation(old) == nil: try set(.previous, to: old)
    case .version, .other: break
    }
    try set(.current, to: id)
    // Where an unproved version was skipped, the way back may be what serves now.
    if let id, try layout.read(.previous) == .version(id) {
      try set(.previous, to: try candidates(except: id).first ?? nil)
    }
  }
}

import Foundation
import Models

extension ModelStore {
  /// Removes a version, or a refused candidate.
  /// - Throws: `ModelStoreError.inUse` for the current version, the previous one, and the last that
  ///   proved itself; `.unknown`, `.locked`, `FileError`.
  public func remove(_ id: String) throws {
    try change { session in
      try session.load()
      guard StoreLayout.isID(id) else { throw ModelStoreError.unknown(id: id) }
      if session.layout.has(id) {
        if let reason = try session.use(of: id) {
          throw ModelStoreError.inUse(id: id, reason: reason)
        }
        try session.remove(id)
      } else if StoreFiles.isFolder(session.layout.rejection(id)) {
        try session.discard(session.layout.rejection(id))
      } else if id == reader.factoryID {
        throw ModelStoreError.inUse(id: id, reason: "the factory model")
      } else {
        throw ModelStoreError.unknown(id: id)
      }
    }
  }

  /// Removes the oldest versions until so many are left. The current one, the previous one and the
  /// last that proved itself count, and stay in any case.
  /// - Returns: the ids of what was removed.
  /// - Throws: `ModelStoreError.option` for a negative number, `.locked`, `FileError`.
  @discardableResult public func prune(keeping count: Int) throws -> [String] {
    guard count >= 0 else {
      throw ModelStoreError.option(name: "keeping", expected: "0 or more", found: "\(count)")
    }
    return try change { session in
      try session.load()
      let layout = session.layout
      let ids = try StoreFiles.names(in: layout.versions).filter(StoreLayout.isID)
      // The oldest first; one whose record cannot be read before all.
      let sorted = ids.map { id in
        ((try? VersionRecord(directory: layout.version(id)))?.sequence ?? 0, id)
      }.sorted { $0 < $1 }.map(\.1)
      var left = sorted.count
      var removed: [String] = []
      for id in sorted where left > count {
        guard try session.use(of: id) == nil else { continue }
        try session.remove(id)
        removed.append(id)
        left -= 1
      }
      return removed
    }
  }
}

extension StoreSession {
  /// What a version is needed for; nil where it may go.
  fileprivate func use(of id: String) throws -> String? {
    if try layout.id(.current) == id { return "the current version" }
    if try layout.id(.previous) == id { return "the previous version" }
    if state.good.last(where: { layout.has($0) }) == id { return "the last that proved itself" }
    return nil
  }

  /// The folder first: ids in the state whose folder is gone are passed over.
  fileprivate mutating func remove(_ id: String) throws {
    try discard(layout.version(id))
    guard state.good.contains(id) else { return }
    state.good.removeAll { $0 == id }
    try save()
  }

  /// Removes a version's folder: out of its place at once, and then file by file.
  func discard(_ path: String) throws {
    let name = (path as NSString).lastPathComponent
    let target = "\(layout.incoming)/\(name).removed"
    try files.removeTree(target)
    // A folder changes its ".." when it is renamed.
    try files.changeMode(path, 0o700)
    try files.rename(path, to: target)
    try files.synchroniseFolder((path as NSString).deletingLastPathComponent)
    try files.removeTree(target)
  }
}

import Glibc

/// What is in a reservoir's folder, by the names alone. Nothing is written and no link is followed.
struct FolderListing {
  /// Frames, in the order of their ids.
  private(set) var entries: [ReservoirEntry] = []
  /// Names of temporary files that a process left behind when it was killed.
  private(set) var leftovers: [String] = []
  /// Files, folders and links that are not the reservoir's.
  private(set) var foreignCount = 0

  static let indexName = "signatures.index"
  /// More frames than any reservoir has made are not listed.
  static let maximumEntries = 4 * ReservoirOptions.frameLimit

  /// - Throws: `ReservoirError.folder` where it cannot be listed or holds far too many frames.
  init(path: String) throws(ReservoirError) {
    guard let stream = opendir(path) else {
      throw .folder(path: path, reason: String(cString: strerror(errno)))
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      guard let name = String(validating: bytes, as: UTF8.self) else {
        foreignCount += 1
        continue
      }
      if name != ".", name != ".." { sort(name, in: path) }
      guard entries.count + leftovers.count <= Self.maximumEntries else {
        throw .folder(path: path, reason: "more than \(Self.maximumEntries) frames")
      }
    }
    entries.sort { $0.id < $1.id }
  }

  private mutating func sort(_ name: String, in path: String) {
    var status = stat()
    guard lstat("\(path)/\(name)", &status) == 0 else {
      // Gone since its name was read.
      if errno != ENOENT { foreignCount += 1 }
      return
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      foreignCount += 1
      return
    }
    if let stored = Self.storedName(name) {
      entries.append(
        ReservoirEntry(name: stored, bytes: Int(status.st_size), directory: path))
    } else if Self.isLeftover(name) {
      leftovers.append(name)
    } else if name != Self.indexName {
      foreignCount += 1
    }
  }

  private static func storedName(_ name: some StringProtocol) -> StoredName? {
    let ending = ".\(ReservoirEntry.fileExtension)"
    guard name.utf8.count <= 128, name.hasSuffix(ending) else { return nil }
    return StoredName(id: String(name.dropLast(ending.count)))
  }

  /// Whether it is what `AtomicFile` calls a file of the reservoir before it is whole.
  private static func isLeftover(_ name: String) -> Bool {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts.last == "part", !parts[parts.count - 2].isEmpty,
      parts[parts.count - 2].utf8.allSatisfy({
        (0x30...0x39).contains($0) || (0x61...0x7a).contains($0)
      })
    else { return false }
    let whole = parts.dropLast(2).joined(separator: ".")
    return whole == indexName || storedName(whole) != nil
  }
}

import Foundation
import Models

/// Every change of the store in the file system, one step each, so that tests can stop after any.
struct StoreFiles: Sendable {
  let hooks: StoreHooks?

  /// Bytes written by one step.
  static let pieceBytes = 4 << 20
  /// What an unfinished file or link is called until it is renamed.
  static let temporarySuffix = ".new"
  /// Folders below a leftover that are looked into; a bundle has none.
  private static let maximumDepth = 8
  /// Names that are read of one folder.
  static let maximumNames = 100_000

  private func step<Result>(
    _ kind: StoreStep.Kind, _ path: String, to target: String? = nil, _ body: () throws -> Result
  ) throws -> Result {
    let step = StoreStep(kind: kind, path: path, target: target)
    try hooks?.will(step)
    let result = try body()
    try hooks?.did(step)
    return result
  }

  /// Makes a folder and writes its name down in the folder around it.
  func makeFolder(_ path: String, mode: mode_t) throws {
    _ = try step(.makeFolder, path) { try systemCall("mkdir", path) { mkdir(path, mode) } }
    try synchroniseFolder(parent(path))
  }

  /// Writes a new file from one piece after the other, and synchronises it; its name lasts once its
  /// folder is synchronised.
  func create(
    _ path: String, mode: mode_t, pieces: ((_ piece: [UInt8]) throws -> Void) throws -> Void
  ) throws {
    let descriptor = try step(.create, path) {
      try systemCall("open", path) { open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600) }
    }
    defer { close(descriptor) }
    try pieces { piece in
      _ = try step(.write, path) { try Self.write(piece, to: descriptor, path) }
    }
    // By descriptor and before fsync, so that the mode lasts too; the umask does not touch it.
    _ = try step(.changeMode, path) { try systemCall("fchmod", path) { fchmod(descriptor, mode) } }
    _ = try step(.synchronise, path) { try systemCall("fsync", path) { fsync(descriptor) } }
  }

  private static func write(_ piece: [UInt8], to descriptor: Int32, _ path: String) throws {
    try piece.withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
        done += try systemCall("write", path) {
          Foundation.write(descriptor, rest.baseAddress, rest.count)
        }
      }
    }
  }

  /// Writes a new file from memory.
  func create(_ path: String, mode: mode_t, bytes: [UInt8]) throws {
    try create(path, mode: mode) { write in try write(bytes) }
  }

  /// Copies a file.
  /// - Returns: the SHA-256 of the bytes that were written.
  func copy(_ source: ReadableFile, to path: String, mode: mode_t) throws -> String {
    var digest = SHA256Digest()
    try create(path, mode: mode) { write in
      var offset = 0
      while offset < source.size {
        let piece = try source.bytes(
          at: offset, count: min(Self.pieceBytes, source.size - offset))
        digest.update(piece)
        try write(piece)
        offset += piece.count
      }
    }
    return digest.hex
  }

  /// Replaces a file as a whole: the old one is there, or the new one.
  func replace(_ path: String, with bytes: [UInt8]) throws {
    let temporary = path + Self.temporarySuffix
    try removeIfThere(temporary)
    try create(temporary, mode: 0o600, bytes: bytes)
    try rename(temporary, to: path)
    try synchroniseFolder(parent(path))
  }

  /// Makes a symbolic link, or replaces one: the old one is there, or the new one.
  func link(_ path: String, to target: String) throws {
    let temporary = path + Self.temporarySuffix
    try removeIfThere(temporary)
    try step(.link, temporary, to: target) {
      _ = try systemCall("symlink", temporary) { symlink(target, temporary) }
    }
    try rename(temporary, to: path)
    try synchroniseFolder(parent(path))
  }

  /// rename(2); it lasts once both folders are synchronised.
  func rename(_ path: String, to target: String) throws {
    try step(.rename, path, to: target) {
      _ = try systemCall("rename", path) { Foundation.rename(path, target) }
    }
  }

  /// Makes what changed in a folder last through a power cut.
  func synchroniseFolder(_ path: String) throws {
    try step(.synchronise, path) {
      // The function takes a path inside the folder.
      try AtomicFile.synchroniseFolder(of: path + "/.")
    }
  }

  /// Changes the permissions of a file or folder.
  func changeMode(_ path: String, _ mode: mode_t) throws {
    _ = try step(.changeMode, path) { try systemCall("chmod", path) { chmod(path, mode) } }
  }

  /// Removes a file or a link where there is one.
  /// - Returns: whether there was one.
  @discardableResult func removeIfThere(_ path: String) throws -> Bool {
    guard Self.status(path) != nil else { return false }
    _ = try step(.remove, path) { try systemCall("unlink", path) { unlink(path) } }
    return true
  }

  /// Removes a file, a link, or a folder with all that is in it; links are not followed.
  func removeTree(_ path: String, depth: Int = 0) throws {
    guard let status = Self.status(path) else { return }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      try removeIfThere(path)
      return
    }
    guard depth < Self.maximumDepth else {
      throw FileError(
        call: "rmdir", path: path, reason: "expected folders at most \(Self.maximumDepth) deep")
    }
    // Versions are read-only.
    if status.st_mode & 0o700 != 0o700 { try changeMode(path, 0o700) }
    for name in try Self.names(in: path) { try removeTree("\(path)/\(name)", depth: depth + 1) }
    _ = try step(.removeFolder, path) { try systemCall("rmdir", path) { rmdir(path) } }
  }

  private func parent(_ path: String) -> String {
    let parent = (path as NSString).deletingLastPathComponent
    return parent.isEmpty ? "." : parent
  }
}

extension StoreFiles {
  /// What lstat(2) says, nil where nothing is there.
  static func status(_ path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 ? status : nil
  }

  /// Whether a folder is there, and no link to one.
  static func isFolder(_ path: String) -> Bool {
    status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
  }

  /// The names in a folder, sorted.
  /// - Throws: `FileError`, also where there are more than `limit`.
  static func names(in path: String, limit: Int = maximumNames) throws(FileError) -> [String] {
    guard let stream = opendir(path) else {
      throw FileError(call: "opendir", path: path, code: errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      guard names.count < limit else {
        throw FileError(call: "readdir", path: path, reason: "expected at most \(limit) files")
      }
      names.append(name)
    }
    return names.sorted()
  }

  /// The bytes of a small file.
  /// - Throws: `FileError`, also where it is larger than `limit` bytes.
  static func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
    let file = try ReadableFile(path: path)
    guard file.size <= limit else {
      throw FileError(
        call: "read", path: path, reason: "expected at most \(limit) bytes, found \(file.size)")
    }
    return try file.bytes(at: 0, count: file.size)
  }
}

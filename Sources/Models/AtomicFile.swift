import Glibc

/// A file that appears whole or not at all: written under a temporary name beside its place,
/// synchronised, renamed, and the folder synchronised.
package final class AtomicFile {
  package let path: String
  private let temporaryPath: String
  private var descriptor: Int32

  /// Creates the temporary file in the folder of `path`; its name is that of the file, a random part
  /// and `.part`.
  /// - Parameter permissions: of the file, less the process's mask.
  package init(path: String, permissions: mode_t = 0o644) throws(FileError) {
    self.path = path
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(path).\(suffix).part"
    descriptor = try systemCall("open", temporary) {
      open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
    }
    temporaryPath = temporary
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporaryPath)
  }

  /// Appends bytes.
  package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      done += try systemCall("write", temporaryPath) {
        Glibc.write(descriptor, rest.baseAddress, rest.count)
      }
    }
  }

  /// Appends bytes.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    var failure: FileError?
    bytes.withUnsafeBytes { buffer in
      do throws(FileError) { try write(buffer) } catch { failure = error }
    }
    if let failure { throw failure }
  }

  /// Puts the file in its place; nothing can be written after it.
  package func commit() throws(FileError) {
    _ = try systemCall("fsync", temporaryPath) { fsync(descriptor) }
    _ = try systemCall("rename", path) { rename(temporaryPath, path) }
    close(descriptor)
    descriptor = -1
    try Self.synchroniseFolder(of: path)
  }

  /// Makes sure that a file can be made at a path before hours are spent on it; what stands there
  /// stays as it is.
  package static func checkWritable(_ path: String) throws(FileError) {
    func refusal(_ found: String) -> FileError {
      FileError(
        call: "write", path: path, reason: "expected to write a file there, found: \(found)")
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
      throw refusal("something else than a file")
    }
    // A file is made beside its place and renamed: what counts is the folder.
    do throws(FileError) {
      _ = try AtomicFile(path: path)
    } catch {
      throw refusal(String(cString: strerror(error.code)))
    }
  }

  /// Makes renames in the folder of a path last through a power cut.
  package static func synchroniseFolder(of path: String) throws(FileError) {
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    if let slash = folder.lastIndex(of: "/") {
      folder = slash == folder.startIndex ? "/" : String(folder[..<slash])
    } else {
      folder = "."
    }
    let descriptor = try systemCall("open", folder) {
      open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    defer { close(descriptor) }
    _ = try systemCall("fsync", folder) { fsync(descriptor) }
  }
}

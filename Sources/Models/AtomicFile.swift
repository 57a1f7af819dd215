import Foundation
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
    // Says as long as this process lives that the file is being written; the kernel takes it back.
    flock(descriptor, LOCK_EX | LOCK_NB)
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
  /// stays as it is. What writers that were killed have left beside it is removed.
  /// - Parameter bytes: that must be free there.
  package static func checkWritable(_ path: String, bytes: Int = 0) throws(FileError) {
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
    removeLeftovers(of: path)
    let free = bytes > 0 ? try freeBytes(at: folder(of: path)) : 0
    guard free >= bytes else {
      throw FileError(
        call: "write", path: path,
        reason: "expected \(bytes >> 20) MiB free on its disk, found \(free >> 20) MiB")
    }
  }

  /// Removes temporary files of a path that no process writes any more.
  private static func removeLeftovers(of path: String) {
    let folder = folder(of: path)
    let start = path.split(separator: "/").last.map { "\($0)." } ?? ""
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
      guard name.hasPrefix(start), name.hasSuffix(".part"),
        UInt64(name.dropFirst(start.count).dropLast(".part".count), radix: 36) != nil
      else { continue }
      let leftover = "\(folder)/\(name)"
      let descriptor = open(leftover, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(leftover) }
    }
  }

  private static func folder(of path: String) -> String {
    var folder = path
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    guard let slash = folder.lastIndex(of: "/") else { return "." }
    return slash == folder.startIndex ? "/" : String(folder[..<slash])
  }

  /// Makes renames in the folder of a path last through a power cut.
  package static func synchroniseFolder(of path: String) throws(FileError) {
    let folder = folder(of: path)
    let descriptor = try systemCall("open", folder) {
      open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    defer { close(descriptor) }
    _ = try systemCall("fsync", folder) { fsync(descriptor) }
  }
}

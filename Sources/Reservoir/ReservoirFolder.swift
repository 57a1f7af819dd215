import Foundation
import Frames
import Glibc
import Models

/// The folder of a reservoir that is written to: for its owner only, and for one process at a time.
final class ReservoirFolder: Sendable {
  /// Without a slash at its end.
  let path: String
  private let descriptor: Int32

  /// Opens the folder, or makes it in one that exists.
  /// - Throws: `ReservoirError`: `folder`, `inUse`, `tooOpen`.
  init(path: String) throws(ReservoirError) {
    let path = Self.withoutSlash(path)
    if mkdir(path, 0o700) != 0, errno != EEXIST {
      throw .folder(path: path, reason: String(cString: strerror(errno)))
    }
    // A link in its place would lead what is kept to where others may read it.
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw .folder(path: path, reason: String(cString: strerror(errno)))
    }
    self.path = path
    self.descriptor = descriptor
    // File systems that have no locks hold frames all the same.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw .inUse(path: path)
    }
  }

  deinit { close(descriptor) }

  /// The path as links are looked for: with a slash behind, the system follows them.
  static func withoutSlash(_ path: String) -> String {
    var path = path
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Takes others' permissions away, unless the folder holds what is not the reservoir's.
  /// - Throws: `ReservoirError`: `folder`, `tooOpen`.
  func makePrivate(foreignCount: Int) throws(ReservoirError) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw .folder(path: path, reason: String(cString: strerror(errno)))
    }
    guard status.st_mode & 0o077 != 0 else { return }
    guard foreignCount == 0 else {
      throw .tooOpen(path: path, mode: "0" + String(status.st_mode & 0o7777, radix: 8))
    }
    guard fchmod(descriptor, 0o700) == 0 else {
      throw .folder(path: path, reason: String(cString: strerror(errno)))
    }
  }

  /// Bytes that are free on the disk for others than its administrator; nil where that is unknown.
  var freeBytes: Int? {
    var status = statvfs()
    guard fstatvfs(descriptor, &status) == 0 else { return nil }
    let (bytes, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
      by: Int(clamping: status.f_frsize))
    return overflow ? .max : bytes
  }

  /// Writes a file whole or not at all.
  /// - Parameter beforehand: is done once its bytes are on the disk and before it is in its place.
  /// - Throws: `FileError`, or what `beforehand` throws.
  func write(_ bytes: [UInt8], to name: String, beforehand: () throws -> Void = {}) throws {
    let file = try AtomicFile(path: "\(path)/\(name)", permissions: 0o600)
    try file.write(bytes)
    try beforehand()
    do {
      try file.commit()
    } catch {
      // It may be in its place although its folder could not be synchronised.
      try? delete(name)
      throw error
    }
  }

  /// Deletes a file; one that is gone already is no error.
  func delete(_ name: String) throws(FileError) {
    let file = "\(path)/\(name)"
    guard unlink(file) == 0 || errno == ENOENT else {
      throw FileError(call: "unlink", path: file, code: errno)
    }
  }

  /// The bytes of a regular file; links are not followed.
  /// - Throws: `FileError`, also where there are more than `limit` bytes.
  static func bytes(of file: String, limit: Int) throws(FileError) -> [UInt8] {
    // Not blocking: a pipe that took the file's place would never answer.
    let descriptor = try systemCall("open", file) {
      open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
    }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw FileError(call: "fstat", path: file, code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG, status.st_size <= limit else {
      throw FileError(
        call: "open", path: file, reason: "expected a regular file of at most \(limit) bytes")
    }
    do {
      return Array(try handle.read(upToCount: Int(status.st_size)) ?? Data())
    } catch {
      throw FileError(call: "read", path: file, reason: "\(error)")
    }
  }
}

/// Reads kept frames.
enum StoredFrame {
  /// The bytes of a frame's file, which are those that were written.
  /// - Throws: `ReservoirError`: `unknown` where the file is gone, `damaged`, `file` where it cannot be
  ///   read now, which says nothing about it.
  static func jpeg(_ entry: ReservoirEntry) throws(ReservoirError) -> [UInt8] {
    guard let url = entry.url else { throw .unknown(id: entry.id) }
    let bytes: [UInt8]
    do {
      bytes = try ReservoirFolder.bytes(of: url.path, limit: JPEGLimits().bytes)
    } catch {
      switch error.code {
      case ENOENT: throw .unknown(id: entry.id)
      // A link, or no regular file of a possible size.
      case ELOOP, 0: throw .damaged(id: entry.id, reason: error.reason)
      default: throw .file(error)
      }
    }
    guard fnv1a(bytes) == entry.name.hash else {
      throw .damaged(id: entry.id, reason: "other bytes than were written")
    }
    return bytes
  }

  /// The picture in such bytes.
  /// - Throws: `ReservoirError.damaged`.
  static func image(_ jpeg: [UInt8], id: String) throws(ReservoirError) -> Image {
    do {
      return try JPEGDecoder().decode(jpeg)
    } catch {
      throw .damaged(id: id, reason: "\(error)")
    }
  }
}

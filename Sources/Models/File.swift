import Glibc

/// A failed system call on a file.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// The call, such as `open`.
  public var call: String
  /// The file.
  public var path: String
  /// `errno`, or 0 where the file is not what it should be.
  public var code: Int32
  /// What happened, in words.
  public var reason: String

  package init(call: String, path: String, code: Int32) {
    self.init(call: call, path: path, code: code, reason: String(cString: strerror(code)))
  }

  package init(call: String, path: String, code: Int32 = 0, reason: String) {
    self.call = call
    self.path = path
    self.code = code
    self.reason = reason
  }

  /// One line: the file, the call, the reason.
  public var description: String { "\(path): \(call): \(reason)" }
}

/// Runs a system call again while a signal interrupts it.
package func systemCall<Result: FixedWidthInteger & SignedInteger>(
  _ name: String, _ path: String, _ body: () -> Result
) throws(FileError) -> Result {
  while true {
    let result = body()
    if result >= 0 { return result }
    let code = errno
    if code != EINTR { throw FileError(call: name, path: path, code: code) }
  }
}

/// Bytes that a process without privileges can still write to the file system of a path.
package func freeBytes(at path: String) throws(FileError) -> Int {
  var status = statvfs()
  _ = try systemCall("statvfs", path) { statvfs(path, &status) }
  let (bytes, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(
    by: Int(clamping: status.f_frsize))
  return overflow ? .max : bytes
}

/// An open regular file. Reads give their offset, so any number of threads can share it; a file
/// that shrinks meanwhile is an error here and not a signal, as it would be with a mapping.
package final class ReadableFile: Sendable {
  package let path: String
  /// The size when it was opened.
  package let size: Int
  /// Its permission bits when it was opened.
  package let permissions: mode_t
  private let descriptor: Int32

  /// - Throws: `FileError` where the file cannot be opened or is not a regular one.
  package init(path: String) throws(FileError) {
    // O_NONBLOCK, for opening a pipe that nobody writes would wait for ever.
    descriptor = try systemCall("open", path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
    self.path = path
    var status = stat()
    let result = fstat(descriptor, &status)
    size = Int(status.st_size)
    permissions = status.st_mode & 0o7777
    guard result == 0 else { throw FileError(call: "fstat", path: path, code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(call: "open", path: path, reason: "expected a regular file")
    }
  }

  deinit { close(descriptor) }

  /// Fills the buffer from an offset.
  /// - Throws: `FileError` where the file ends before.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FileError) {
    var done = 0
    while done < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
      let count = try systemCall("pread", path) {
        pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
      }
      guard count > 0 else {
        throw FileError(
          call: "read", path: path,
          reason: "expected \(buffer.count) bytes at \(offset), found \(done)")
      }
      done += count
    }
  }

  /// `count` bytes from an offset; the caller has bounded `count`.
  package func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
      let target = UnsafeMutableRawBufferPointer(
        rebasing: UnsafeMutableRawBufferPointer(buffer)[..<count])
      do throws(FileError) {
        try read(into: target, at: offset)
        initialised = count
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return bytes
  }
}

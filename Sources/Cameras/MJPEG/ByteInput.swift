import Foundation
import Glibc

/// A file, named pipe or standard input to read bytes from. One thread uses it.
final class ByteInput {
  /// The path, or `standard input`.
  let name: String
  /// Whether it is a regular file, which has no pace of its own.
  let isPaced: Bool
  private var handle: Int32
  private let ownsHandle: Bool
  private var buffer = [UInt8](repeating: 0, count: 64 << 10)

  /// - Parameter path: nil for standard input.
  /// - Throws: `CameraError`.
  init(path: String?) throws {
    name = path ?? "standard input"
    ownsHandle = path != nil
    // Without O_NONBLOCK, opening a named pipe would wait for its writer.
    handle = path.map { Glibc.open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) } ?? STDIN_FILENO
    guard handle >= 0 else {
      throw CameraError.system(call: "open", path: name, code: errno)
    }
    var status = stat()
    guard fstat(handle, &status) == 0 else {
      let code = errno
      if ownsHandle { _ = Glibc.close(handle) }
      throw CameraError.system(call: "fstat", path: name, code: code)
    }
    let kind = status.st_mode & S_IFMT
    guard kind == S_IFREG || kind == S_IFIFO || kind == S_IFCHR || kind == S_IFSOCK else {
      if ownsHandle { _ = Glibc.close(handle) }
      throw CameraError.unsuitable(
        path: name, expected: "a file or a pipe of JPEGs",
        found: kind == S_IFDIR ? "a folder (images: reads folders)" : "something else")
    }
    isPaced = kind == S_IFREG
  }

  deinit { close() }

  /// Gives the file back; standard input stays open.
  func close() {
    guard handle >= 0 else { return }
    if ownsHandle { _ = Glibc.close(handle) }
    handle = -1
  }

  /// Waits until there is something to read or the writer is gone.
  func wait(timeout: Duration) throws -> Bool {
    var wanted = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
    let status = poll(&wanted, 1, timeout.pollMilliseconds)
    if status < 0, errno != EINTR {
      throw CameraError.system(call: "poll", path: name, code: errno)
    }
    return status > 0
  }

  /// Reads what is there and hands it on.
  /// - Returns: how many bytes, 0 at the end; nil where there is nothing now.
  func read(_ take: (UnsafeRawBufferPointer) throws -> Void) throws -> Int? {
    while true {
      let count = buffer.withUnsafeMutableBytes { Glibc.read(handle, $0.baseAddress, $0.count) }
      if count >= 0 {
        try buffer.withUnsafeBytes { try take(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        return count
      }
      if errno == EAGAIN { return nil }
      guard errno == EINTR else {
        throw CameraError.lost("reading \(name): \(CameraError.words(errno))")
      }
    }
  }

  /// Goes back to the beginning of a regular file.
  func rewind() throws {
    guard lseek(handle, 0, SEEK_SET) == 0 else {
      throw CameraError.system(call: "lseek", path: name, code: errno)
    }
  }
}

import Foundation
import Models

/// The store's lock, held from `init` to `release()`, or for as long as the process lives: flock(2)
/// ends with it, so that nothing has to be cleaned up after a crash.
final class StoreLock {
  private var descriptor: Int32

  /// Waits for the lock.
  /// - Throws: `ModelStoreError.locked` where another writer holds it all the time, `FileError`.
  init(path: String, timeout: Duration) throws {
    descriptor = try systemCall("open", path) {
      open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    }
    let deadline = ContinuousClock.now + timeout
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      guard code == EWOULDBLOCK || code == EINTR else {
        throw FileError(call: "flock", path: path, code: code)
      }
      guard ContinuousClock.now < deadline else {
        throw ModelStoreError.locked(path: path, waited: timeout)
      }
      // flock(2) has no time-out, and an alarm would be the whole process's.
      usleep(10_000)
    }
  }

  /// Lets the next writer in.
  func release() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
  }

  deinit { release() }
}

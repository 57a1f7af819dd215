import Foundation

/// The folder in which the daemon and the refresh, two processes, leave each other word.
///
/// ```
/// status.json     how the refresh is
/// request         somebody wants one; the service manager starts it when this appears
/// cancel          somebody wants it to stop
/// checkpoint.safetensors, selection.json
///                 what was done, and from which frames, for the next one
/// candidate       the model that is being made
/// lock            held by the refresh that is at work
/// ```
public struct RefreshFolder: Sendable {
  /// The folder.
  public let path: String

  /// A folder in the state directory; it need not be there yet.
  public init(stateDirectory: String) { path = stateDirectory + "/refresh" }

  package var statusFile: String { path + "/status.json" }
  package var requestFile: String { path + "/request" }
  package var cancelFile: String { path + "/cancel" }
  package var checkpoint: String { path + "/checkpoint.safetensors" }
  package var selection: String { path + "/selection.json" }
  package var candidate: String { path + "/candidate" }
  private var lockFile: String { path + "/lock" }

  /// How the last refresh is; nil before the first.
  /// - Throws: `RefreshError.status`.
  public func status() throws(RefreshError) -> RefreshStatus? { try .read(statusFile) }

  /// Whether a refresh was asked for and has not begun.
  public var isRequested: Bool { FileManager.default.fileExists(atPath: requestFile) }

  /// Asks for a refresh.
  /// - Throws: what making a file throws.
  public func request() throws {
    try make()
    try? FileManager.default.removeItem(atPath: cancelFile)
    try Data().write(to: URL(fileURLWithPath: requestFile))
  }

  /// Asks the refresh at work to stop, and takes a request back that has not begun.
  /// - Throws: what making a file throws.
  public func cancel() throws {
    try make()
    try? FileManager.default.removeItem(atPath: requestFile)
    try Data().write(to: URL(fileURLWithPath: cancelFile))
  }

  /// Whether somebody said stop since the refresh began.
  package var isCancelled: Bool { FileManager.default.fileExists(atPath: cancelFile) }

  package func make() throws {
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// Begins: takes the lock, and what was asked for is being done from now on.
  /// - Throws: `RefreshError.busy`, what making files throws.
  package func begin() throws -> RefreshLock {
    try make()
    let lock = try RefreshLock(lockFile)
    for file in [requestFile, cancelFile] { try? FileManager.default.removeItem(atPath: file) }
    // What an interrupted one left half-made.
    try? FileManager.default.removeItem(atPath: candidate)
    return lock
  }
}

/// Held while a refresh is at work; the system lets go of it when the process ends, however it ends.
package final class RefreshLock {
  private let descriptor: Int32

  init(_ path: String) throws {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CocoaError(.fileWriteUnknown, userInfo: [NSFilePathErrorKey: path])
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw RefreshError.busy
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}

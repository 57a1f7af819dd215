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
  public func status() throws(RefreshError) -> RefreshStatus? {
    guard var status = try RefreshStatus.read(statusFile) else { return nil }
    if !status.phase.isOver, !isAtWork {
      status.phase = .failed
      status.message =
        "it ended without a word, such as by a power cut; the next one goes on from its checkpoint"
    }
    return status
  }

  /// Whether a refresh is at work: it holds the lock, which the system lets go of however it ends.
  public var isAtWork: Bool {
    let descriptor = open(lockFile, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// Whether a refresh was asked for and has not begun.
  public var isRequested: Bool { FileManager.default.fileExists(atPath: requestFile) }

  /// Asks for a refresh.
  /// - Throws: what making a file throws.
  public func request() throws {
    try make()
    try? FileManager.default.removeItem(atPath: cancelFile)
    try Data().write(to: URL(fileURLWithPath: requestFile))
  }

  /// Takes a request back that has not begun.
  public func withdraw() { try? FileManager.default.removeItem(atPath: requestFile) }

  /// Asks the refresh at work to stop, and takes a request back that has not begun.
  /// - Throws: what making a file throws.
  public func cancel() throws {
    withdraw()
    if isAtWork { try Data().write(to: URL(fileURLWithPath: cancelFile)) }
  }

  /// Says that a refresh could not even begin.
  public func giveUp(_ reason: String) {
    withdraw()
    guard (try? make()) != nil, !isAtWork else { return }
    var status = RefreshStatus(phase: .failed)
    status.message = reason
    try? status.write(statusFile)
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
    // Somebody who only asks whether it is held holds it for an instant.
    var tries = 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      tries += 1
      guard tries < 20 else {
        close(descriptor)
        throw RefreshError.busy
      }
      usleep(10_000)
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }
}

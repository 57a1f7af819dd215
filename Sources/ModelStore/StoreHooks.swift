import Synchronization

/// One change that the store makes in the file system.
package struct StoreStep: Sendable, Equatable {
  /// What is done.
  package enum Kind: String, Sendable {
    /// mkdir(2).
    case makeFolder
    /// open(2) of a file that is not there yet.
    case create
    /// write(2) of one piece.
    case write
    /// fsync(2) of a file or a folder.
    case synchronise
    /// chmod(2).
    case changeMode
    /// rename(2).
    case rename
    /// symlink(2).
    case link
    /// unlink(2).
    case remove
    /// rmdir(2).
    case removeFolder
  }

  /// What is done.
  package var kind: Kind
  /// To what.
  package var path: String
  /// A rename's or a link's other end.
  package var target: String?
}

/// How tests look at the store's steps, make one fail, or stop after one as a process does that is
/// killed: from then on nothing is changed any more, cleaning up included.
package final class StoreHooks: Sendable {
  /// Called with each step.
  package typealias Hook = @Sendable (StoreStep) throws -> Void

  private let before: Hook?
  private let after: Hook?
  private let stop = Mutex<(any Error)?>(nil)

  /// - Parameters:
  ///   - before: what it throws is what the step throws, which is not done.
  ///   - after: what it throws stops the store for good.
  package init(before: Hook? = nil, after: Hook? = nil) {
    self.before = before
    self.after = after
  }

  func will(_ step: StoreStep) throws {
    if let error = stop.withLock({ $0 }) { throw error }
    try before?(step)
  }

  func did(_ step: StoreStep) throws {
    do { try after?(step) } catch {
      stop.withLock { $0 = error }
      throw error
    }
  }
}

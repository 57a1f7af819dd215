import Foundation
import Models
import Synchronization

/// A folder with the versions of a device's model, of which one serves, whatever happens to the
/// process or the power.
///
/// ```
/// versions/<id>/     a model folder, read-only; the id is the SHA-256 of its model.json
///   version.json     where it comes from; no part of what the id stands for
/// incoming/          copies under way, and what is being removed
/// rejected/<id>/     candidates that the gate refused, with reasons.json
/// current            a link to the version that serves; none where it is the factory model
/// previous           a link to the version to go back to; none where it is the factory model
/// state.json         probation, known good versions, what was rolled back and why
/// lock               locked by flock(2) during a change
/// ```
///
/// The factory model stands outside, is never changed, and serves where nothing else can. Every
/// change is a sequence of steps, each of which leaves a store that opens and serves: what is copied
/// is renamed into place when all of it is on the disk, a file or a link is replaced by renaming
/// another onto it, and the state is written before the links that it is about.
///
/// A change waits for the lock for as long as `Options.lockTimeout`, and blocks its thread meanwhile.
/// Any number of threads and processes may use a store.
public final class ModelStore: Sendable {
  let context: StoreContext
  /// The version that opening has hashed, for the start that follows it.
  private let opened: Mutex<ModelBundle?>
  /// What was repaired when the store was opened, in that order.
  public let openingEvents: [StoreEvent]

  /// Opens a store, makes its folders where they are not there, and repairs what an interrupted run
  /// left. A current version that is not sound is rolled back; one on probation is left to
  /// `selectForStart()`, which counts before it looks.
  /// - Parameters:
  ///   - directory: the store's folder.
  ///   - factory: the factory model's folder, which is only read.
  /// - Throws: `ModelStoreError.locked`, `ModelStoreError.option`, or `FileError` where the folder
  ///   cannot be made or written.
  public init(directory: String, factory: String, options: Options = Options()) throws {
    try options.validate()
    context = StoreContext(
      layout: StoreLayout(directory: directory), files: StoreFiles(hooks: options.hooks),
      factory: factory, options: options)
    try context.makeFolders()
    let lock = try StoreLock(path: context.layout.lock, timeout: options.lockTimeout)
    defer { lock.release() }
    var session = StoreSession(context: context)
    try session.repair()
    openingEvents = session.events
    opened = Mutex(session.opened)
  }

  /// The store without its lock.
  public var reader: ModelStoreReader {
    ModelStoreReader(
      directory: context.layout.directory, factory: context.factory,
      policy: context.options.policy)
  }

  /// The factory model, the versions in the order in which they came, and the refused candidates.
  /// - Throws: `ModelStoreError.json` where the state cannot be read, `FileError`.
  public func list() throws -> [ModelVersion] { try reader.list() }

  /// Runs a change while no other writer is at work.
  /// - Throws: `ModelStoreError.locked`, `ModelStoreError.json` where the state cannot be read (the
  ///   next opening or start replaces it), and what the change throws.
  func change<Result>(_ body: (inout StoreSession) throws -> Result) throws -> Result {
    let lock = try StoreLock(path: context.layout.lock, timeout: context.options.lockTimeout)
    defer { lock.release() }
    var session = StoreSession(context: context)
    // Once only: later, what was hashed then says nothing.
    session.opened = opened.withLock { bundle in
      defer { bundle = nil }
      return bundle
    }
    return try body(&session)
  }
}

/// What all changes of a store share.
struct StoreContext: Sendable {
  let layout: StoreLayout
  let files: StoreFiles
  let factory: String
  let options: ModelStore.Options

  /// Now, in ISO 8601.
  var date: String { options.now().formatted(Date.ISO8601FormatStyle()) }

  /// Makes the store's folders where they are not there.
  func makeFolders() throws {
    var missing: [String] = []
    var folder = layout.directory
    while folder.count > 1, StoreFiles.status(folder) == nil {
      missing.append(folder)
      folder = (folder as NSString).deletingLastPathComponent
    }
    for path in missing.reversed() + layout.folders where !StoreFiles.isFolder(path) {
      do { try files.makeFolder(path, mode: 0o700) } catch let error as FileError
        where error.code == EEXIST
      {
        // Another process was faster, unless it is something else than a folder.
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { throw error }
      }
    }
  }
}

import Foundation
import Models
import Synchronization
import Testing

@testable import ModelStore

/// What a test throws to stop the store as a kill does.
struct Stopped: Error {}

/// Counts the steps of a store, and lets one of them fail or stops after it.
final class StepCounter: Sendable {
  let steps = Mutex<[StoreStep]>([])

  /// Stops after the n-th step.
  func stopping(after count: Int) -> StoreHooks {
    StoreHooks(after: { step in
      let done = self.steps.withLock { steps in
        steps.append(step)
        return steps.count
      }
      if done == count { throw Stopped() }
    })
  }

  /// The n-th step fails as on a full disk, and is not done.
  func filling(at count: Int) -> StoreHooks {
    StoreHooks(before: { step in
      let index = self.steps.withLock { steps in
        steps.append(step)
        return steps.count
      }
      if index == count { throw FileError(call: step.kind.rawValue, path: step.path, code: ENOSPC) }
    })
  }
}

/// A store of which every change is stopped after every single step, in copies of it.
struct CrashHarness {
  let test: TestStore
  let a: String
  let b: String
  let c: (path: String, id: String)

  /// A store in which `b` is current and good, `a` the way back.
  init() throws {
    test = try TestStore()
    let store = try test.open()
    a = try test.activate("a", in: store)
    b = try test.activate("b", in: store)
    c = try test.candidate("c")
  }

  /// Runs a change on copies of a store, stopped after the first, the second, … step, until it is
  /// no longer stopped.
  /// - Parameters:
  ///   - serving: what may be selected afterwards.
  ///   - isRepeated: whether the change is made once more, in the store that was opened again.
  ///   - change: the change.
  ///   - check: looks at the store that was opened again.
  func everyStep(
    serving: Set<String>, minimumSteps: Int, isRepeated: Bool = true,
    prepare: (ModelStore) throws -> Void = { _ in },
    change: (ModelStore) throws -> Void,
    check: (ModelStore) throws -> Void = { _ in }
  ) throws {
    try prepare(try test.open())
    var count = 0
    while true {
      count += 1
      let directory = try test.folder.clone(test.directory, to: "clone")
      defer { try? StoreFiles(hooks: nil).removeTree(directory) }
      let counter = StepCounter()
      var isStopped = false
      do {
        let options = TestStore.options(hooks: counter.stopping(after: count))
        try change(
          try ModelStore(directory: directory, factory: test.factory, options: options))
      } catch is Stopped { isStopped = true }
      let steps = counter.steps.withLock { $0 }
      let place = Comment("after \(count): \(steps.last.map { "\($0)" } ?? "nothing")")
      let store = try ModelStore(
        directory: directory, factory: test.factory, options: TestStore.options())
      try check(store)
      try Self.expectWhole(store, place)
      // As often as a device may crash: the way back has not been lost.
      let selection = try store.selectForStart()
      #expect(serving.contains(selection.id), place)
      #expect(!selection.isFallback, place)
      guard isStopped else {
        #expect(count > minimumSteps, "only \(count) steps")
        return
      }
      guard isRepeated else { continue }
      try change(store)
      try Self.expectWhole(store, place)
    }
  }

  /// Nothing half-written, nothing left, no link that points nowhere.
  private static func expectWhole(_ store: ModelStore, _ place: Comment) throws {
    let layout = store.context.layout
    #expect(try StoreFiles.names(in: layout.incoming).isEmpty, place)
    let names = try StoreFiles.names(in: layout.directory)
    #expect(!names.contains { $0.hasSuffix(".new") }, place)
    for id in try StoreFiles.names(in: layout.versions) {
      try Self.expectSound(layout.version(id), id, place)
      #expect(try VersionRecord(directory: layout.version(id)).id == id, place)
      #expect(mode(layout.version(id)) == 0o555, place)
    }
    let rejected = try StoreFiles.names(in: layout.rejected)
    #expect(rejected.count <= 3, place)
    for id in rejected {
      #expect(StoreFiles.status(layout.rejection(id) + "/reasons.json") != nil, place)
      try Self.expectSound(layout.rejection(id), id, place)
    }
    for link in StoreLink.allCases {
      if case .version(let id) = try layout.read(link) { #expect(layout.has(id), place) }
    }
    #expect(try StoreState(path: layout.state) != nil, place)
  }

  /// Opens and hashes a model, unless that was done with the same files before: copies of a store
  /// share them.
  private static func expectSound(_ directory: String, _ id: String, _ place: Comment) throws {
    let files = try StoreFiles.names(in: directory).map { name in
      let status = try #require(StoreFiles.status(directory + "/" + name))
      let time = status.st_mtim
      return "\(name) \(status.st_ino) \(status.st_size) \(time.tv_sec) \(time.tv_nsec)"
    }
    let key = "\(id): \(files)"
    if sound.withLock({ $0.contains(key) }) { return }
    #expect(try ModelBundle(directory: directory).id == id, place)
    sound.withLock { _ = $0.insert(key) }
  }

  private static let sound = Mutex<Set<String>>([])

  static func state(_ store: ModelStore) throws -> StoreState {
    try #require(try StoreState(path: store.context.layout.state))
  }
}

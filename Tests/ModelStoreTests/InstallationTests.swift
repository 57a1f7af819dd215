import Foundation
import Models
import Testing

@testable import ModelStore

extension ModelStoreTests {
  @Suite struct Installation {
    @Test func copiesWhatItVerified() throws {
      let test = try TestStore()
      let store = try test.open()
      let (path, id) = try test.candidate("street", serial: 4)
      let gate = Array(#"{"passed": true, "ap": [0.5, 1e-3]}"#.utf8)
      let version = try store.install(
        bundleAt: path + "/", origin: .refresh, parent: test.factoryID, gate: gate)
      #expect(version.id == id)
      #expect(version.name == "street")
      #expect(version.serial == 4)
      #expect(version.origin == .refresh)
      #expect(version.parent == test.factoryID)
      #expect(version.created == "2023-11-14T22:13:20Z")
      #expect(version.sequence == 1)
      #expect(version.signature == .unsigned)
      #expect(version.bytes > 20_000_000)
      #expect(!version.isCurrent && !version.isGood && version.problem == nil)
      #expect(
        try version.gate.map(JSONScanner.parse) == JSONScanner.parse(gate))
      let layout = store.context.layout
      #expect(version.directory == layout.version(id))
      #expect(
        try StoreFiles.names(in: version.directory)
          == ["model.json", "version.json", "weights.safetensors"])
      let bundle = try ModelBundle(directory: version.directory)
      #expect(bundle.id == id)
      #expect(bundle.manifestBytes == (try ModelBundle.manifestBytes(in: path)))
      #expect(mode(layout.directory) == 0o700)
      #expect(mode(layout.versions) == 0o700)
      #expect(mode(version.directory) == 0o555)
      for name in try StoreFiles.names(in: version.directory) {
        #expect(mode(version.directory + "/" + name) == 0o444)
      }
      #expect(mode(layout.state) == 0o600)
      // The candidate is still there, and what is in the store is another file.
      try tamper(path + "/model.json")
      #expect(try ModelBundle(directory: version.directory).id == id)
      // It does not serve.
      #expect(try store.selectForStart().isFactory)
      #expect(version.json.compactText.contains(#""gate":{"passed":true"#))
    }

    @Test func doesNothingTwice() throws {
      let test = try TestStore()
      let store = try test.open()
      let (path, id) = try test.candidate("a")
      let first = try store.install(bundleAt: path)
      #expect(try store.install(bundleAt: path, origin: .refresh) == first)
      // From the store itself, too, and the factory model where somebody asks for it.
      #expect(try store.install(bundleAt: first.directory) == first)
      let factory = try store.install(bundleAt: test.factory, origin: .factory)
      #expect(factory.origin == .factory)
      #expect(factory.sequence == 2)
      let list = try store.list()
      #expect(list.map(\.place) == [.factory, .installed, .installed])
      #expect(list.map(\.id) == [test.factoryID, id, test.factoryID])
      #expect(list.map(\.isCurrent) == [true, false, false])
    }

    @Test func replacesWhatIsDamaged() throws {
      let test = try TestStore()
      let store = try test.open()
      let (path, id) = try test.candidate("a")
      let version = try store.install(bundleAt: path)
      chmod(version.directory, 0o700)
      try tamper(version.directory + "/weights.safetensors")
      #expect(throws: ModelError.self) { try store.activate(id, probation: false) }
      #expect(try store.install(bundleAt: path).sequence == 2)
      #expect(try ModelBundle(directory: version.directory).id == id)
      #expect(mode(version.directory) == 0o555)
      #expect(try StoreFiles.names(in: store.context.layout.incoming).isEmpty)
      try store.activate(id, probation: false)
    }

    @Test func refusesWhatIsNotSound() throws {
      let test = try TestStore()
      let store = try test.open()
      func expectRefusal<E: Error>(_ type: E.Type, _ source: String) throws {
        #expect(throws: type) { try store.install(bundleAt: source) }
        #expect(throws: type) { try store.reject(bundleAt: source, reasons: Array("1".utf8)) }
        #expect(try store.list().count == 1)
        #expect(try StoreFiles.names(in: store.context.layout.incoming).isEmpty)
      }
      try expectRefusal(FileError.self, test.folder.path + "/none")
      let (path, _) = try test.candidate("a")
      let weights = path + "/weights.safetensors"
      let copy = try Data(contentsOf: URL(fileURLWithPath: weights))
      unlink(weights)
      try expectRefusal(FileError.self, path)
      try copy.write(to: URL(fileURLWithPath: weights))
      try tamper(weights)
      try expectRefusal(ModelError.self, path)
      try Data("{}".utf8).write(to: URL(fileURLWithPath: path + "/model.json"))
      try expectRefusal(ModelError.self, path)
      let (sound, _) = try test.candidate("b")
      #expect(throws: ModelStoreError.self) {
        try store.install(bundleAt: sound, gate: Array("{".utf8))
      }
      #expect(throws: ModelStoreError.self) {
        try store.install(bundleAt: sound, gate: [UInt8](repeating: 0x20, count: 1 << 20))
      }
      #expect(throws: ModelStoreError.unknown(id: "../x")) {
        try store.install(bundleAt: sound, parent: "../x")
      }
    }

    @Test func leavesAReserveOnTheDisk() throws {
      let test = try TestStore()
      var options = TestStore.options()
      options.reserveBytes = Int.max
      let store = try test.open(options)
      let error = #expect(throws: ModelStoreError.self) {
        try store.install(bundleAt: test.candidate("a").path)
      }
      guard case .noSpace(_, let needed, let available, Int.max) = error else {
        Issue.record("another error: \(String(describing: error))")
        return
      }
      #expect(needed > 20_000_000)
      #expect(available > 0)
      #expect(try StoreFiles.names(in: store.context.layout.versions).isEmpty)
    }

    /// The disk is full at the first, the second, … step.
    @Test func leavesNothingBehindOnAFullDisk() throws {
      let test = try TestStore()
      let (path, id) = try test.candidate("a")
      var failures = 0
      for count in 1... {
        let counter = StepCounter()
        let directory = "\(test.folder.path)/full-\(count)"
        _ = try ModelStore(directory: directory, factory: test.factory)
        let store = try ModelStore(
          directory: directory, factory: test.factory,
          options: TestStore.options(hooks: counter.filling(at: count)))
        let layout = store.context.layout
        defer { try? StoreFiles(hooks: nil).removeTree(directory) }
        do {
          try store.install(bundleAt: path)
          #expect(try store.list().map(\.id) == [test.factoryID, id])
          break
        } catch let error as FileError {
          #expect(error.code == ENOSPC)
          failures += 1
        }
        #expect(try StoreFiles.names(in: layout.incoming).isEmpty, "at \(count)")
        #expect(try store.selectForStart().isFactory)
        for id in try StoreFiles.names(in: layout.versions) {
          #expect(try ModelBundle(directory: layout.version(id)).id == id)
        }
        // With room, it works.
        if count % 8 == 1 { #expect(try store.install(bundleAt: path).id == id) }
      }
      #expect(failures > 25)
    }

    @Test func takesUnicodeAndLongNames() throws {
      let test = try TestStore(" Straße-лес-🎥\u{301}")
      let long = String(repeating: "ü", count: 120)
      try #require(mkdir("\(test.folder.path)/\(long)", 0o755) == 0)
      let directory = "\(test.folder.path)/\(long)/état/magasin"
      let source = "\(test.folder.path)/\(long)/模型"
      let id = try TestModels.make(
        at: source, name: String(repeating: "n", count: 64), description: "模型 🎥\n\"é\"")
      let store = try ModelStore(
        directory: directory + "//", factory: test.factory, options: TestStore.options())
      let version = try store.install(bundleAt: source)
      #expect(version.name?.count == 64)
      #expect(version.directory == "\(directory)/versions/\(id)")
      try store.activate(id, probation: true)
      _ = try store.selectForStart()
      let change = try store.rollback(reason: String(repeating: "schön 🎥 ", count: 1000))
      #expect(change.isFactory)
      let again = try ModelStore(
        directory: directory, factory: test.factory, options: TestStore.options())
      #expect(again.openingEvents.isEmpty)
      let reason = try #require(try again.list().last?.rolledBack?.reason)
      #expect(reason.hasPrefix("schön 🎥 schön"))
      #expect((2000...2048).contains(reason.utf8.count))
    }

    @Test func letsOneWriterIn() throws {
      let test = try TestStore()
      let store = try test.open()
      let (path, id) = try test.candidate("a")
      let lock = try StoreLock(path: store.context.layout.lock, timeout: .zero)
      let expected = ModelStoreError.locked(
        path: store.context.layout.lock, waited: .milliseconds(50))
      #expect(throws: expected) { try store.install(bundleAt: path) }
      #expect(throws: expected) { try store.selectForStart() }
      #expect(throws: expected) { try test.open() }
      // Readers do not mind.
      #expect(try store.list().count == 1)
      #expect(try store.reader.currentID() == nil)
      lock.release()
      #expect(try store.install(bundleAt: path).id == id)
      #expect(mode(store.context.layout.lock) == 0o600)
    }

    @Test func servesManyThreads() async throws {
      let test = try TestStore()
      var options = TestStore.options()
      options.lockTimeout = .seconds(60)
      let store = try test.open(options)
      let ids = try (0..<3).map { try test.candidate("\($0)") }
      let stores = [store, try test.open(options)]
      try await withThrowingTaskGroup(of: Int.self) { group in
        for (index, candidate) in ids.enumerated() {
          group.addTask {
            try stores[index % 2].install(bundleAt: candidate.path).sequence
          }
        }
        var sequences: [Int] = []
        for try await sequence in group { sequences.append(sequence) }
        #expect(sequences.sorted() == [1, 2, 3])
      }
      #expect(try Set(store.list().dropFirst().map(\.id)) == Set(ids.map(\.id)))
    }

    @Test func refusesOptionsThatCannotBe() throws {
      let test = try TestStore()
      func expectRefusal(_ change: (inout ModelStore.Options) -> Void) {
        var options = TestStore.options()
        change(&options)
        #expect(throws: ModelStoreError.self) { try test.open(options) }
      }
      expectRefusal { $0.probationAttempts = 0 }
      expectRefusal { $0.rejectedLimit = -1 }
      expectRefusal { $0.reserveBytes = -1 }
      expectRefusal { $0.policy.minimumSerial = -1 }
    }
  }
}

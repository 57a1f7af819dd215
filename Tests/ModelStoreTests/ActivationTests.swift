import Foundation
import Models
import Testing

@testable import ModelStore

extension ModelStoreTests {
  @Suite struct Activation {
    private let test: TestStore
    private let store: ModelStore

    init() throws {
      test = try TestStore()
      store = try test.open()
    }

    private func links() throws -> [String?] {
      try StoreLink.allCases.map { try store.context.layout.id($0) }
    }

    @Test func movesTheLinks() throws {
      let a = try test.activate("a", in: store)
      #expect(try links() == [a, nil])
      let b = try test.activate("b", in: store)
      #expect(try links() == [b, a])
      #expect(
        try FileManager.default.destinationOfSymbolicLink(
          atPath: test.directory + "/current") == "versions/\(b)")
      #expect(try ModelBundle(directory: test.directory + "/current").id == b)
      try store.activate(a, probation: false)
      #expect(try links() == [a, b])
      // What serves already stays as it is.
      try store.activate(a, probation: true)
      #expect(try links() == [a, b])
      #expect(try store.selectForStart().attempt == nil)
      try store.activate(test.factoryID, probation: true)
      #expect(try links() == [nil, a])
      #expect(try store.selectForStart().isFactory)
      try store.activate(b, probation: true)
      #expect(try links() == [b, nil])
      // The way back is the factory model, as it was what served.
      #expect(try store.rollback(reason: "x").isFactory)
      #expect(try links() == [nil, nil])
    }

    @Test func keepsTheWayBackPastAProbation() throws {
      let a = try test.activate("a", in: store)
      let b = try test.install("b", in: store)
      let c = try test.install("c", in: store)
      try store.activate(b, probation: true)
      try store.activate(c, probation: true)
      #expect(try links() == [c, a])
      // Back from one that never proved itself to what was the way back.
      try store.activate(a, probation: false)
      #expect(try links() == [a, nil])
      try store.activate(b, probation: true)
      #expect(try store.markGood(b))
      try store.activate(c, probation: false)
      #expect(try links() == [c, b])
      let list = try store.list().dropFirst()
      #expect(list.map(\.isGood) == [true, true, true])
      #expect(list.map(\.isCurrent) == [false, false, true])
      #expect(list.map(\.isPrevious) == [false, true, false])
    }

    @Test func marksWhatWasLoaded() throws {
      let a = try test.activate("a", in: store)
      let b = try test.install("b", in: store)
      try store.activate(b, probation: true)
      let loaded = try store.selectForStart().id
      // Somebody else activates another meanwhile.
      try store.activate(a, probation: false)
      #expect(try store.markGood(loaded))
      #expect(try store.list().last?.isGood == true)
      #expect(try store.reader.currentID() == a)
    }

    @Test func rollsBackOneAfterTheOther() throws {
      let a = try test.activate("a", in: store)
      let b = try test.activate("b", in: store)
      let c = try test.activate("c", in: store)
      #expect(try store.rollback(reason: "worse at night").id == b)
      #expect(try links() == [b, a])
      #expect(try store.list().last?.rolledBack?.reason == "worse at night")
      // The version to go back to is damaged: the next one, and the reason is said.
      try tamper(store.context.layout.version(a) + "/weights.safetensors")
      let selection = try store.rollback(reason: "worse still")
      #expect(selection.isFactory)
      #expect(selection.events.count == 2)
      #expect(try links() == [nil, nil])
      // Opening it again brings nothing back.
      let again = try test.open()
      #expect(again.openingEvents.isEmpty)
      #expect(try again.selectForStart().isFactory)
      try again.activate(c, probation: false)
      #expect(try links() == [c, nil])
    }

    @Test func refusesWhatIsNotThere() throws {
      let id = String(repeating: "0", count: 64)
      for unknown in [id, "", "..", "../versions"] {
        #expect(throws: ModelStoreError.unknown(id: unknown)) {
          try store.activate(unknown, probation: false)
        }
        #expect(throws: ModelStoreError.unknown(id: unknown)) { try store.remove(unknown) }
      }
      // Refused candidates do not serve.
      let (path, rejected) = try test.candidate("r")
      try store.reject(bundleAt: path, reasons: Array("[]".utf8))
      #expect(throws: ModelStoreError.unknown(id: rejected)) {
        try store.activate(rejected, probation: true)
      }
      // A link among the versions is no version.
      try #require(symlink(test.factory, store.context.layout.version(id)) == 0)
      #expect(throws: ModelStoreError.unknown(id: id)) {
        try store.activate(id, probation: false)
      }
    }

    @Test func removesWhatNobodyNeeds() throws {
      let a = try test.activate("a", in: store)
      let b = try test.activate("b", in: store)
      let c = try test.install("c", in: store)
      try store.activate(c, probation: true)
      #expect(throws: ModelStoreError.inUse(id: c, reason: "the current version")) {
        try store.remove(c)
      }
      #expect(throws: ModelStoreError.inUse(id: b, reason: "the previous version")) {
        try store.remove(b)
      }
      #expect(throws: ModelStoreError.inUse(id: test.factoryID, reason: "the factory model")) {
        try store.remove(test.factoryID)
      }
      try store.remove(a)
      #expect(try store.list().dropFirst().map(\.id) == [b, c])
      #expect(try StoreFiles.names(in: store.context.layout.incoming).isEmpty)
      // The last good one, though no link points at it.
      try store.activate(test.factoryID, probation: false)
      unlink(test.directory + "/previous")
      #expect(throws: ModelStoreError.inUse(id: b, reason: "the last that proved itself")) {
        try store.remove(b)
      }
      try store.remove(c)
      #expect(throws: ModelStoreError.unknown(id: c)) { try store.remove(c) }
    }

    @Test func prunesTheOldest() throws {
      let a = try test.activate("a", in: store)
      let b = try test.install("b", in: store)
      let c = try test.install("c", in: store)
      let d = try test.activate("d", in: store)
      #expect(try store.prune(keeping: 4).isEmpty)
      #expect(try store.prune(keeping: 3) == [b])
      #expect(try store.prune(keeping: 0) == [c])
      #expect(try store.list().dropFirst().map(\.id) == [a, d])
      #expect(throws: ModelStoreError.self) { try store.prune(keeping: -1) }
      // Numbers go on after what was removed.
      #expect(try store.install(bundleAt: test.candidate("e").path).sequence == 5)
    }

    @Test func keepsAFewRefusedCandidates() throws {
      var ids: [String] = []
      for index in 1...5 {
        let (path, id) = try test.candidate("\(index)")
        ids.append(id)
        let reasons = Array(#"{"ap": 0.\#(index)}"#.utf8)
        let version = try store.reject(bundleAt: path, parent: test.factoryID, reasons: reasons)
        #expect(version?.gate == reasons)
        #expect(version?.place == .rejected)
        #expect(version?.parent == test.factoryID)
      }
      let rejected = try store.list().dropFirst()
      #expect(rejected.map(\.id) == Array(ids.suffix(3)))
      #expect(rejected.map(\.sequence) == [3, 4, 5])
      #expect(mode(store.context.layout.rejection(ids[4])) == 0o555)
      // The same one again is the latest, with its new reasons.
      try store.reject(
        bundleAt: test.folder.path + "/candidate-3", reasons: Array("[1]".utf8))
      #expect(try store.list().dropFirst().map(\.id) == [ids[3], ids[4], ids[2]])
      #expect(throws: ModelStoreError.self) {
        try store.reject(bundleAt: test.folder.path + "/candidate-3", reasons: [0x7B])
      }
      try store.remove(ids[3])
      #expect(try store.list().dropFirst().map(\.id) == [ids[4], ids[2]])
      // Without room the reasons are kept all the same.
      var options = TestStore.options()
      options.reserveBytes = .max
      let narrow = try test.open(options)
      let version = try narrow.reject(
        bundleAt: test.folder.path + "/candidate-1", reasons: Array("[2]".utf8))
      #expect(version?.name == "1")
      let directory = try #require(version).directory
      #expect(
        try StoreFiles.names(in: directory) == ["model.json", "reasons.json", "version.json"])
      options.rejectedLimit = 0
      #expect(
        try test.open(options).reject(
          bundleAt: test.folder.path + "/candidate-1", reasons: Array("1".utf8)) == nil)
    }
  }
}

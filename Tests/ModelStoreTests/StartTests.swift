import Foundation
import Models
import Testing

@testable import ModelStore

extension ModelStoreTests {
  @Suite struct Starts {
    @Test func servesTheFactoryModelAtFirst() throws {
      let test = try TestStore()
      let store = try test.open()
      #expect(store.openingEvents.isEmpty)
      let selection = try store.selectForStart()
      #expect(selection.isFactory && !selection.isFallback && selection.attempt == nil)
      #expect(selection.id == test.factoryID)
      #expect(selection.directory == test.factory)
      #expect(selection.bundle.manifest.name == "factory")
      #expect(try store.markGood())
      let list = try store.list()
      #expect(list.map(\.name) == ["factory"])
      #expect(list[0].isCurrent && list[0].isGood && !list[0].isPrevious)
      #expect(throws: ModelStoreError.isFactory) { try store.rollback(reason: "x") }
      // A store that was never made can be looked at.
      let none = test.folder.path + "/none"
      let nowhere = ModelStoreReader(directory: none, factory: test.factory)
      #expect(try nowhere.list().map(\.id) == [test.factoryID])
      #expect(StoreFiles.status(none) == nil)
    }

    @Test func rollsBackWhenStartsAreUsedUp() throws {
      let test = try TestStore()
      var store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.install("b", in: store)
      try store.activate(b, probation: true)
      for attempt in 1...3 {
        // A start in a new process each time.
        store = try test.open()
        #expect(store.openingEvents.isEmpty)
        let selection = try store.selectForStart()
        #expect(selection.id == b)
        #expect(selection.attempt == attempt)
        #expect(try store.list().last?.probation?.attempts == attempt)
      }
      store = try test.open()
      let selection = try store.selectForStart()
      #expect(selection.id == a)
      #expect(!selection.isFallback && selection.attempt == nil)
      let change = RolledBack(
        id: b, target: a, reason: "not marked good within 3 starts", date: "2023-11-14T22:13:20Z")
      #expect(selection.events == [.rolledBack(change)])
      #expect(try store.reader.currentID() == a)
      #expect(try store.list().last?.rolledBack == change)
      #expect(try store.markGood(b) == false)
      #expect(try store.selectForStart().events.isEmpty)
      try store.activate(b, probation: true)
      #expect(try store.selectForStart().attempt == 1)
      #expect(try store.list().last?.rolledBack == nil)
    }

    @Test func rollsBackToTheFactoryModel() throws {
      let test = try TestStore()
      var options = TestStore.options()
      options.probationAttempts = 1
      let store = try test.open(options)
      let a = try test.install("a", in: store)
      try store.activate(a, probation: true)
      #expect(try store.selectForStart().attempt == 1)
      let selection = try store.selectForStart()
      #expect(selection.isFactory && !selection.isFallback)
      #expect(try store.reader.currentID() == nil)
    }

    @Test func endsProbationWhenMarkedGood() throws {
      let test = try TestStore()
      let store = try test.open()
      let a = try test.install("a", in: store)
      try store.activate(a, probation: true)
      for _ in 0..<3 { _ = try store.selectForStart() }
      #expect(try store.markGood(a))
      for _ in 0..<5 {
        let selection = try store.selectForStart()
        #expect(selection.id == a)
        #expect(selection.attempt == nil)
      }
      #expect(try store.list().last?.isGood == true)
      #expect(throws: ModelStoreError.unknown(id: "x")) { try store.markGood("x") }
    }

    @Test func noticesTamperedWeights() throws {
      let test = try TestStore()
      var store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.activate("b", in: store)
      let weights = store.context.layout.version(b) + "/weights.safetensors"
      try tamper(weights)
      // While the store is open …
      let other = try test.open()
      guard case .rolledBack(let change) = try #require(other.openingEvents.first) else {
        Issue.record("\(other.openingEvents)")
        return
      }
      #expect(change.id == b && change.target == a)
      #expect(change.reason.contains("SHA-256"))
      #expect(try store.selectForStart().id == a)
      // … and the way back as well.
      try tamper(store.context.layout.version(a) + "/model.json")
      store = try test.open()
      let selection = try store.selectForStart()
      #expect(selection.isFactory && !selection.isFallback)
    }

    @Test func countsBeforeItLooksAtADamagedVersionOnProbation() throws {
      let test = try TestStore()
      let store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.install("b", in: store)
      try store.activate(b, probation: true)
      try tamper(store.context.layout.version(b) + "/weights.safetensors")
      let counter = StepCounter()
      let again = try test.open(TestStore.options(hooks: counter.stopping(after: 5)))
      #expect(again.openingEvents.isEmpty)
      #expect(throws: Stopped.self) { try again.selectForStart() }
      #expect(try store.list().last?.probation?.attempts == 1)
      #expect(try store.selectForStart().id == a)
    }

    @Test(arguments: ["versions/none", "/etc", "versions/../../factory", ""])
    func repairsALinkThatPointsNowhere(target: String) throws {
      let test = try TestStore()
      let store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.activate("b", in: store)
      let layout = store.context.layout
      let found = target.isEmpty ? "no link" : target
      func breakLink(_ link: StoreLink) throws {
        unlink(layout.path(link))
        if target.isEmpty {
          try Data().write(to: URL(fileURLWithPath: layout.path(link)))
        } else {
          try #require(symlink(target, layout.path(link)) == 0)
        }
      }
      try breakLink(.current)
      #expect(
        try test.open().openingEvents == [
          .linkRepaired(name: "current", found: found, to: a),
          .linkRepaired(name: "previous", found: "\(a), the current version", to: b),
        ])
      try breakLink(.previous)
      #expect(
        try test.open().openingEvents == [
          .linkRepaired(name: "previous", found: found, to: b)
        ])
      #expect(try test.open().openingEvents.isEmpty)
      #expect(try store.selectForStart().id == a)
    }

    @Test func repairsALinkToAVersionThatIsGone() throws {
      let test = try TestStore()
      let store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.activate("b", in: store)
      try StoreFiles(hooks: nil).removeTree(store.context.layout.version(b))
      // Without opening it again.
      let selection = try store.selectForStart()
      #expect(selection.id == a && !selection.isFallback)
      try StoreFiles(hooks: nil).removeTree(store.context.layout.version(a))
      #expect(try test.open().openingEvents.count == 1)
      #expect(try store.selectForStart().isFactory)
    }

    @Test(arguments: ["", "{", #"{"formatVersion": 2}"#, "missing"])
    func doesWithoutItsState(text: String) throws {
      let test = try TestStore()
      let store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.activate("b", in: store)
      let state = store.context.layout.state
      if text == "missing" {
        unlink(state)
      } else {
        try Data(text.utf8).write(to: URL(fileURLWithPath: state))
        #expect(throws: ModelStoreError.self) { try store.markGood() }
        #expect(throws: ModelStoreError.self) { try store.list() }
      }
      let again = try test.open()
      guard again.openingEvents.count == 1, case .stateReplaced = again.openingEvents[0] else {
        Issue.record("\(again.openingEvents)")
        return
      }
      #expect((StoreFiles.status(state + ".damaged") != nil) == (text != "missing"))
      // Nothing is known of it, so it has to prove itself.
      for attempt in 1...3 { #expect(try again.selectForStart().attempt == attempt) }
      #expect(try again.selectForStart().id == a)
      // Numbers are not given twice.
      #expect(try again.install(bundleAt: test.candidate("c").path).sequence == 3)
      #expect(b != a)
    }

    /// The disk is full, or read-only: what serves must not need it.
    @Test func startsOnAFullDisk() throws {
      let test = try TestStore()
      let store = try test.open()
      let a = try test.activate("a", in: store)
      let b = try test.install("b", in: store)
      let full = StoreHooks(before: { step in
        throw FileError(call: step.kind.rawValue, path: step.path, code: ENOSPC)
      })
      // Nothing is to be written.
      #expect(try test.open(TestStore.options(hooks: full)).selectForStart().id == a)
      // A start on probation would be; it is not made, and the version stays where it is.
      try store.activate(b, probation: true)
      let selection = try test.open(TestStore.options(hooks: full)).selectForStart()
      #expect(selection.id == a && selection.isFallback)
      guard case .attemptNotCounted(let id, _) = try #require(selection.events.first) else {
        Issue.record("\(selection.events)")
        return
      }
      #expect(id == b)
      #expect(try store.reader.currentID() == b)
      // Repairs are to be written too, and are said.
      for _ in 0..<3 { _ = try store.selectForStart() }
      try StoreFiles(hooks: nil).makeFolder(store.context.layout.incoming + "/x", mode: 0o700)
      let other = try test.open(TestStore.options(hooks: full))
      guard case .repairFailed(let what, _) = try #require(other.openingEvents.first) else {
        Issue.record("\(other.openingEvents)")
        return
      }
      #expect(what == "incoming")
      #expect(try other.selectForStart().id == a)
      #expect(try store.selectForStart().events.count == 1)
    }

    @Test func saysWhyNothingServes() throws {
      let test = try TestStore()
      let store = try test.open()
      unlink(test.factory + "/model.json")
      let error = #expect(throws: ModelStoreError.self) { try store.selectForStart() }
      #expect(error?.description.contains("No such file") == true)
      #expect(try store.list()[0].problem?.contains("model.json") == true)
      // A version that proved itself serves even then.
      let a = try test.activate("a", in: store)
      #expect(try store.selectForStart().id == a)
      unlink(store.context.layout.path(.current))
      let selection = try store.selectForStart()
      #expect(selection.id == a && selection.isFallback)
    }
  }
}

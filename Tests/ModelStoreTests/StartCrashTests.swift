import Foundation
import Models
import Testing

@testable import ModelStore

extension ModelStoreTests {
  /// A kill after every single step of what changes which model serves.
  @Suite struct StartCrashes {
    private let crash: CrashHarness
    private var test: TestStore { crash.test }
    private var a: String { crash.a }
    private var b: String { crash.b }
    private var c: (path: String, id: String) { crash.c }

    init() throws { crash = try CrashHarness() }

    @Test func activatesOnProbation() throws {
      try crash.everyStep(
        serving: [b, c.id], minimumSteps: 10,
        prepare: { try $0.install(bundleAt: c.path) },
        change: { try $0.activate(c.id, probation: true) },
        check: { store in
          guard try store.reader.currentID() == c.id else { return }
          #expect(try CrashHarness.state(store).probation(c.id)?.attempts == 0)
        })
    }

    @Test func activatesWithoutProbation() throws {
      try crash.everyStep(
        serving: [b, c.id], minimumSteps: 10, prepare: { try $0.install(bundleAt: c.path) },
        change: { try $0.activate(c.id, probation: false) })
    }

    @Test func activatesPastAProbation() throws {
      let d = try test.candidate("d")
      try crash.everyStep(
        serving: [c.id, d.id], minimumSteps: 8,
        prepare: { store in
          try store.install(bundleAt: c.path)
          try store.install(bundleAt: d.path)
          try store.activate(c.id, probation: true)
        },
        change: { try $0.activate(d.id, probation: true) },
        check: { store in
          let current = try #require(try store.reader.currentID())
          #expect(try CrashHarness.state(store).probation(current) != nil)
          #expect(try store.context.layout.id(.previous) == b)
        })
    }

    @Test func activatesTheFactoryModel() throws {
      try crash.everyStep(serving: [b, test.factoryID], minimumSteps: 4) {
        try $0.activate(test.factoryID, probation: false)
      }
    }

    @Test func countsStarts() throws {
      try crash.everyStep(
        serving: [c.id], minimumSteps: 5,
        prepare: { store in
          try store.install(bundleAt: c.path)
          try store.activate(c.id, probation: true)
        }, change: { _ = try $0.selectForStart() })
    }

    @Test func rollsBackAfterTheLastStart() throws {
      try crash.everyStep(
        serving: [b], minimumSteps: 10,
        prepare: { store in
          try store.install(bundleAt: c.path)
          try store.activate(c.id, probation: true)
          for _ in 0..<3 { _ = try store.selectForStart() }
        },
        change: { store in
          let selection = try store.selectForStart()
          #expect(selection.id == b)
        },
        check: { store in
          _ = try store.selectForStart()
          #expect(try CrashHarness.state(store).rolledBack.map(\.id) == [c.id])
          #expect(try store.context.layout.id(.previous) == a)
        })
    }

    @Test func rollsBackOnDemand() throws {
      // Run again, the change goes one version further back; when it is done, that is right.
      try crash.everyStep(serving: [a, b], minimumSteps: 10) { store in
        if try store.reader.currentID() == b { _ = try store.rollback(reason: "worse") }
      }
    }

    @Test func marksGood() throws {
      try crash.everyStep(
        serving: [c.id], minimumSteps: 5,
        prepare: { store in
          try store.install(bundleAt: c.path)
          try store.activate(c.id, probation: true)
        }, change: { try $0.markGood() })
    }

    @Test func raisesTheMinimumSerial() throws {
      try crash.everyStep(
        serving: [b], minimumSteps: 5,
        prepare: { try $0.raiseMinimumSerial(to: 0) },
        change: { store in
          // Nothing here has a serial, so that the policy of the check would let nothing in.
          try store.raiseMinimumSerial(to: 3)
          #expect(try store.reader.minimumSerial() == 3)
          #expect(try store.selectForStart().isFactory)
          #expect(throws: ModelStoreError.self) { try store.install(bundleAt: c.path) }
        },
        check: { store in
          let minimum = try #require(try store.reader.minimumSerial())
          #expect([0, 3].contains(minimum))
          // Back to a store in which something serves.
          var state = try CrashHarness.state(store)
          state.minimumSerial = nil
          try StoreFiles(hooks: nil).replace(store.context.layout.state, with: state.text)
        })
    }
  }
}

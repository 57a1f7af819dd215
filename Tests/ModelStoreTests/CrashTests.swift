import Foundation
import Models
import Testing

@testable import ModelStore

extension ModelStoreTests {
  /// A kill after every single step of what copies and removes.
  @Suite struct Crashes {
    private let crash: CrashHarness
    private var test: TestStore { crash.test }
    private var a: String { crash.a }
    private var b: String { crash.b }
    private var c: (path: String, id: String) { crash.c }

    init() throws { crash = try CrashHarness() }

    @Test func installs() throws {
      try crash.everyStep(serving: [b], minimumSteps: 25) {
        try $0.install(bundleAt: c.path)
      }
    }

    @Test func installsOverWhatIsDamaged() throws {
      try crash.everyStep(
        serving: [b], minimumSteps: 30, isRepeated: false,
        prepare: { store in
          try store.install(bundleAt: c.path)
          let directory = store.context.layout.version(c.id)
          chmod(directory, 0o700)
          try #require(unlink(directory + "/weights.safetensors") == 0)
        },
        change: { try $0.install(bundleAt: c.path) },
        check: { store in
          // Damage of a version that serves nobody is found when somebody wants it.
          try store.install(bundleAt: c.path)
        })
    }

    @Test func removes() throws {
      try crash.everyStep(
        serving: [b], minimumSteps: 6, prepare: { try $0.install(bundleAt: c.path) },
        change: { store in
          if store.context.layout.has(c.id) { try store.remove(c.id) }
        })
    }

    @Test func rejects() throws {
      try crash.everyStep(
        serving: [b], minimumSteps: 30, isRepeated: false,
        prepare: { store in
          for name in ["r1", "r2", "r3"] {
            try store.reject(bundleAt: test.candidate(name).path, reasons: Array("[]".utf8))
          }
        },
        change: { try $0.reject(bundleAt: c.path, reasons: Array("{}".utf8)) })
    }

    @Test func opensForTheFirstTime() throws {
      for count in 1... {
        let directory = "\(test.folder.path)/new-\(count)/store"
        var isStopped = false
        do {
          _ = try ModelStore(
            directory: directory, factory: test.factory,
            options: TestStore.options(hooks: StepCounter().stopping(after: count)))
        } catch is Stopped { isStopped = true }
        let store = try ModelStore(
          directory: directory, factory: test.factory, options: TestStore.options())
        #expect(store.openingEvents.isEmpty)
        #expect(try store.selectForStart().isFactory)
        guard isStopped else {
          #expect(count > 8)
          return
        }
      }
    }

    /// Repairs are stopped too: leftovers, a link to nowhere, a current version that is damaged.
    @Test func repairs() throws {
      let counts = try (1...200).prefix { count in
        let directory = try test.folder.clone(test.directory, to: "damaged")
        defer { try? StoreFiles(hooks: nil).removeTree(directory) }
        let layout = StoreLayout(directory: directory)
        let files = StoreFiles(hooks: nil)
        try files.changeMode(layout.version(b), 0o700)
        try files.removeIfThere(layout.version(b) + "/weights.safetensors")
        try files.makeFolder(layout.incoming + "/half", mode: 0o500)
        try files.create(layout.state + ".new", mode: 0o600, bytes: [0])
        var isStopped = false
        do {
          _ = try ModelStore(
            directory: directory, factory: test.factory,
            options: TestStore.options(hooks: StepCounter().stopping(after: count)))
        } catch is Stopped { isStopped = true }
        let store = try ModelStore(
          directory: directory, factory: test.factory, options: TestStore.options())
        let selection = try store.selectForStart()
        #expect(selection.id == a, "after \(count)")
        #expect(!selection.isFallback, "after \(count)")
        #expect(try StoreFiles.names(in: layout.incoming).isEmpty)
        #expect(try CrashHarness.state(store).rolledBack.map(\.id) == [b])
        return isStopped
      }
      #expect((15..<200).contains(counts.count))
    }

    /// What a power cut may lose is what was not synchronised: before a rename everything under the
    /// renamed name is, and at a change's end the folders that changed.
    @Test func synchronisesBeforeItRenames() throws {
      let counter = StepCounter()
      let store = try test.open(TestStore.options(hooks: counter.stopping(after: .max)))
      try store.install(bundleAt: c.path)
      try store.activate(c.id, probation: true)
      _ = try store.selectForStart()
      _ = try store.rollback(reason: "test")
      try store.remove(c.id)
      try store.reject(bundleAt: c.path, reasons: Array("[1]".utf8))
      var dirty: Set<String> = []
      var renames = 0
      func parent(_ path: String) -> String { (path as NSString).deletingLastPathComponent }
      for step in counter.steps.withLock({ $0 }) {
        switch step.kind {
        case .create: dirty.formUnion([step.path, parent(step.path)])
        case .write: dirty.insert(step.path)
        case .makeFolder, .link, .remove, .removeFolder: dirty.insert(parent(step.path))
        case .synchronise: dirty.remove(step.path)
        case .changeMode: break
        case .rename:
          renames += 1
          let target = try #require(step.target)
          // What is being removed may be lost.
          if !target.hasSuffix(".removed") {
            let lost = dirty.filter { $0 == step.path || $0.hasPrefix(step.path + "/") }
            #expect(lost.isEmpty, "\(step)")
          }
          dirty.formUnion([parent(step.path), parent(target)])
        }
      }
      #expect(renames >= 12)
      let layout = store.context.layout
      for path in [layout.directory, layout.versions, layout.rejected] {
        #expect(!dirty.contains(path))
      }
    }
  }
}

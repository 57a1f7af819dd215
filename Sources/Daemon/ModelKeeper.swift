import Foundation
import Logging
import ModelStore
import Models
import Pipeline
import RefreshStatus
import ServiceLifecycle
import Settings
import Synchronization

/// Decides which model serves: the configured one, or what the device made of it. It watches the store,
/// in which a refresh or a person puts another version, lets that take over between two frames, and
/// takes it back where it does not work.
public final class ModelKeeper: Service {
  /// What serves.
  private struct Serving {
    var folder: String
    /// Its id in the store; nil where there is no store.
    var version: String?
    var isFactory: Bool
    /// Where it comes from, looked up once: `/state` asks each second.
    var origin = ModelOrigin.factory
    var identity: String
    /// How long it has to work before it is good; nil where it is.
    var probation: Duration?
    /// When it was first seen to work.
    var since: ContinuousClock.Instant?
  }

  private struct State {
    var settings: Settings
    var factory: String
    var store: ModelStore?
    var serving: Serving
    /// What the store said when it was last acted on: what it says again is no news, such as a version
    /// that the policy passes over.
    var seen: String?
    var isExchanging = false
  }

  private let locations: Locations
  private let logger: Logger
  private let state: Mutex<State>
  private let pipeline = Mutex<Pipeline?>(nil)

  /// How often the store is looked at.
  static let period = Duration.seconds(1)

  /// Opens the store and chooses what to start with.
  /// - Throws: `SettingsError` where there is no model at all.
  init(settings: Settings, locations: Locations, logger: Logger) throws {
    self.locations = locations
    self.logger = logger
    let factory = try locations.model(settings)
    let store = Self.open(settings, locations, factory: factory, logger)
    if let store {
      do {
        try Self.goBackToAnotherBase(store, logger)
      } catch {
        logger.error("model store: \(error)")
      }
    }
    state = Mutex(
      State(
        settings: settings, factory: factory, store: store,
        serving: Self.choose(store, factory: factory, settings, logger),
        seen: store.flatMap(Self.current)))
  }

  /// Where the store stands.
  public static func directory(_ settings: Settings, _ locations: Locations) -> String {
    locations.stateDirectory(settings) + "/models"
  }

  /// What of signatures and serials the settings ask for.
  /// - Throws: what reading keys throws.
  public static func options(_ settings: Settings) throws -> ModelStore.Options {
    guard let folder = settings.refresh.trustedKeys else { return ModelStore.Options() }
    return ModelStore.Options(
      policy: StorePolicy(signatures: .required(try TrustedKeys(directory: folder))))
  }

  /// A store that cannot be opened costs what the device has learnt, not the service.
  private static func open(
    _ settings: Settings, _ locations: Locations, factory: String, _ logger: Logger
  ) -> ModelStore? {
    do {
      let store = try ModelStore(
        directory: directory(settings, locations), factory: factory, options: options(settings))
      for event in store.openingEvents { logger.warning("model store: \(event)") }
      return store
    } catch {
      logger.error(
        "the model store cannot be used, the configured model serves",
        metadata: ["reason": "\(error)"])
      return nil
    }
  }

  private static func current(_ store: ModelStore) -> String? {
    (try? store.reader.currentID()) ?? store.reader.factoryID
  }

  private static func choose(
    _ store: ModelStore?, factory: String, _ settings: Settings, _ logger: Logger
  ) -> Serving {
    do {
      if let store {
        return serving(try store.selectForStart(), of: store, settings, logger)
      }
    } catch {
      logger.error(
        "the model store cannot say what serves, the configured model does",
        metadata: ["reason": "\(error)"])
    }
    return Serving(
      folder: factory, version: nil, isFactory: true,
      identity: DetectorFactory.identity(folder: factory, engine: settings.engine))
  }

  private static func serving(
    _ selection: Selection, of store: ModelStore, _ settings: Settings, _ logger: Logger
  ) -> Serving {
    for event in selection.events { logger.warning("model store: \(event)") }
    let found = try? store.list().first { $0.id == selection.id }
    return Serving(
      folder: selection.directory, version: selection.id, isFactory: selection.isFactory,
      origin: found?.origin ?? .factory,
      identity: DetectorFactory.identity(folder: selection.directory, engine: settings.engine),
      probation: selection.attempt == nil ? nil : .seconds(settings.refresh.probation))
  }

  /// What the device made of one model must not serve where another one is configured.
  private static func goBackToAnotherBase(_ store: ModelStore, _ logger: Logger) throws {
    let versions = try store.list()
    guard let current = versions.first(where: \.isCurrent), current.base(in: versions) == nil,
      let factory = versions.first(where: { $0.place == .factory })
    else { return }
    try store.activate(factory.id, probation: false)
    logger.notice("another model is configured: it serves, not what was made of the one before")
  }

  // MARK: - What others ask

  /// The folder to start with.
  var folder: String { state.withLock { $0.serving.folder } }

  /// Lets the keeper exchange the models of a pipeline.
  func begin(with pipeline: Pipeline) { self.pipeline.withLock { $0 = pipeline } }

  /// The version that serves, for people.
  var version: RefreshReport.Version? {
    let serving = state.withLock { $0.serving }
    return serving.version.map {
      RefreshReport.Version(
        id: $0, origin: serving.origin.rawValue, isOnProbation: serving.probation != nil)
    }
  }

  /// Takes a version of the store that cannot serve out of service and chooses another one.
  /// - Returns: false where it is the configured model, which nothing can replace.
  func fallBack(_ reason: String) -> Bool {
    let now = state.withLock { $0 }
    guard let store = now.store, let version = now.serving.version, !now.serving.isFactory else {
      return false
    }
    logger.error("a model of the store does not work", metadata: ["reason": "\(reason)"])
    do {
      let selection = try store.rollback(reason: reason, of: version)
      let next = Self.serving(selection, of: store, now.settings, logger)
      guard next.version != version else { return false }
      state.withLock { ($0.serving, $0.seen) = (next, Self.current(store)) }
      return true
    } catch {
      logger.error("model store: \(error)")
      return false
    }
  }

  /// Takes over a configuration that was read again.
  /// - Throws: what of the model is wrong; the old one goes on, and the store is as it was.
  func apply(_ settings: Settings) async throws {
    while !claim() { try await Task.sleep(for: .milliseconds(50)) }
    defer { release() }
    let old = state.withLock { $0 }
    let factory = try locations.model(settings)
    if factory == old.factory {
      // Only how it computes may have changed: no start to count.
      var next = old.serving
      next.identity = DetectorFactory.identity(folder: next.folder, engine: settings.engine)
      if next.identity != old.serving.identity { try await exchange(for: next, settings) }
      return state.withLock { $0.settings = settings }
    }
    let store = Self.open(settings, locations, factory: factory, logger)
    let versions = try store?.list() ?? []
    let current = versions.first(where: \.isCurrent)
    if let current, current.origin != .factory, current.base(in: versions)?.place == .installed {
      // Somebody chose a model in the store: it stays.
    } else {
      try await exchange(
        for: Serving(
          folder: factory, version: store?.reader.factoryID, isFactory: true,
          identity: DetectorFactory.identity(folder: factory, engine: settings.engine)), settings)
      if let store { try Self.goBackToAnotherBase(store, logger) }
    }
    state.withLock {
      ($0.settings, $0.factory, $0.store) = (settings, factory, store)
      $0.seen = store.flatMap(Self.current)
    }
  }

  // MARK: - Watching

  /// Runs until the end of the service.
  public func run() async throws {
    while !Task.isShuttingDownGracefully {
      do {
        try await Task.sleep(for: Self.period)
      } catch {
        return
      }
      await look()
    }
  }

  /// One look at the store and at what serves.
  func look() async {
    // Until the first model works there is nothing to exchange and nothing to judge.
    guard let pipeline = pipeline.withLock({ $0 }), pipeline.model != nil, claim() else { return }
    defer { release() }
    let now = state.withLock { state in
      if state.serving.since == nil { state.serving.since = .now }
      return state
    }
    guard let store = now.store else { return }
    do {
      let current = Self.current(store)
      if current != now.seen {
        state.withLock { $0.seen = current }
        if current != now.serving.version { try await takeOver(store, now.settings) }
      } else if let probation = now.serving.probation, let since = now.serving.since,
        let version = now.serving.version
      {
        try await watch(version, probation, since: since, store, pipeline, now.settings)
      }
    } catch {
      logger.error("model store: \(error)")
    }
  }

  private func takeOver(_ store: ModelStore, _ settings: Settings) async throws {
    let selection = try store.selectForStart()
    let next = Self.serving(selection, of: store, settings, logger)
    guard next.identity != state.withLock({ $0.serving.identity }) else { return }
    do {
      try await exchange(for: next, settings)
    } catch let error as PipelineError where error.isOfThePipeline {
      // Nothing is known of the model: another look tries again.
      state.withLock { $0.seen = nil }
      throw error
    } catch {
      logger.error("the new model does not work", metadata: ["reason": "\(error)"])
      guard !selection.isFactory else { return }
      _ = try store.rollback(reason: "it does not work: \(error)", of: selection.id)
      state.withLock { $0.seen = nil }
    }
  }

  /// A model on probation that fails is taken back; one that has worked for long enough is good.
  private func watch(
    _ version: String, _ probation: Duration, since: ContinuousClock.Instant, _ store: ModelStore,
    _ pipeline: Pipeline, _ settings: Settings
  ) async throws {
    if !pipeline.isReady {
      let reason = pipeline.lastFailure ?? "the inference does not work"
      logger.error("the new model is taken back", metadata: ["reason": "\(reason)"])
      _ = try store.rollback(reason: reason, of: version)
      state.withLock { $0.seen = nil }
    } else if ContinuousClock.now - since >= probation {
      if try store.markGood(version) {
        logger.notice("the new model has proved itself", metadata: ["version": "\(version)"])
      }
      state.withLock { if $0.serving.version == version { $0.serving.probation = nil } }
    }
  }

  private func exchange(for next: Serving, _ settings: Settings) async throws {
    let prepared = try DetectorFactory.prepare(folder: next.folder, engine: settings.engine)
    try await pipeline.withLock { $0 }?.replace(with: prepared)
    state.withLock { $0.serving = next }
    logger.notice(
      "another model took over",
      metadata: ["model": "\(next.folder)", "version": "\(next.version ?? "none")"])
  }

  /// One exchange at a time: a reload and a look may want one at once.
  private func claim() -> Bool {
    state.withLock { state in
      defer { state.isExchanging = true }
      return !state.isExchanging
    }
  }

  private func release() { state.withLock { $0.isExchanging = false } }
}

extension PipelineError {
  /// Whether it says nothing of the detector that was to take over.
  fileprivate var isOfThePipeline: Bool {
    switch self {
    case .stopped, .busy, .thread: true
    default: false
    }
  }
}

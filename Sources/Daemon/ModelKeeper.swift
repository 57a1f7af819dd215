import Foundation
import Logging
import ModelStore
import Models
import Pipeline
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
    var identity: String
    var since = ContinuousClock.now
    var probation: Duration?
  }

  private let locations: Locations
  private let logger: Logger
  private let serving: Mutex<Serving>
  private let settings: Mutex<Settings>
  private let isExchanging = Mutex(false)
  private let pipeline = Mutex<Pipeline?>(nil)
  private let storeState: Mutex<(store: ModelStore?, factory: String)>

  /// How often the store is looked at.
  static let period = Duration.seconds(1)

  /// Opens the store and chooses what to start with.
  /// - Throws: `SettingsError` where there is no model at all.
  init(settings: Settings, locations: Locations, logger: Logger) throws {
    self.locations = locations
    self.logger = logger
    let factory = try locations.model(settings)
    let store = Self.open(settings, locations, factory: factory, logger)
    storeState = Mutex((store, factory))
    self.settings = Mutex(settings)
    serving = Mutex(Self.choose(store, factory: factory, settings, logger))
  }

  /// The folder to start with.
  var folder: String { serving.withLock { $0.folder } }

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

  private static func choose(
    _ store: ModelStore?, factory: String, _ settings: Settings, _ logger: Logger
  ) -> Serving {
    var folder = factory
    var version: String?
    var isProven = true
    if let store {
      do {
        try goBackToAnotherBase(store, logger)
        let selection = try store.selectForStart()
        for event in selection.events { logger.warning("model store: \(event)") }
        (folder, version) = (selection.directory, selection.id)
        isProven = selection.attempt == nil
      } catch {
        logger.error(
          "the model store cannot say what serves, the configured model does",
          metadata: ["reason": "\(error)"])
      }
    }
    return Serving(
      folder: folder, version: version,
      identity: DetectorFactory.identity(folder: folder, engine: settings.engine),
      probation: isProven ? nil : .seconds(settings.refresh.probation))
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

  /// Lets the keeper exchange the models of a pipeline.
  func begin(with pipeline: Pipeline) { self.pipeline.withLock { $0 = pipeline } }

  /// The version that serves, for people.
  var version: (id: String, isOnProbation: Bool)? {
    serving.withLock { serving in serving.version.map { ($0, serving.probation != nil) } }
  }

  /// The store.
  var store: ModelStore? { storeState.withLock { $0.store } }

  /// Takes over a configuration that was read again.
  /// - Throws: what of the model is wrong; the old one goes on.
  func apply(_ settings: Settings) async throws {
    let factory = try locations.model(settings)
    let old = storeState.withLock { $0 }
    let store =
      old.factory == factory && old.store != nil
      ? old.store : Self.open(settings, locations, factory: factory, logger)
    let next = Self.choose(store, factory: factory, settings, logger)
    while !begin() { try await Task.sleep(for: .milliseconds(50)) }
    defer { isExchanging.withLock { $0 = false } }
    if next.identity != serving.withLock({ $0.identity }) {
      try await exchange(for: next, settings)
    }
    storeState.withLock { $0 = (store, factory) }
    self.settings.withLock { $0 = settings }
  }

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
    guard let store, let pipeline = pipeline.withLock({ $0 }), begin() else { return }
    defer { isExchanging.withLock { $0 = false } }
    let now = serving.withLock { $0 }
    do {
      let reader = store.reader
      let current = try reader.currentID() ?? reader.factoryID
      if let current, current != now.version {
        try await takeOver(store, settings.withLock { $0 })
      } else if let probation = now.probation, let version = now.version {
        try await watch(version, probation, since: now.since, store, pipeline)
      }
    } catch {
      logger.error("model store: \(error)")
    }
  }

  /// One exchange at a time: a reload and the store's look may want one at once.
  private func begin() -> Bool {
    isExchanging.withLock { isExchanging in
      defer { isExchanging = true }
      return !isExchanging
    }
  }

  private func takeOver(_ store: ModelStore, _ settings: Settings) async throws {
    let selection = try store.selectForStart()
    for event in selection.events { logger.warning("model store: \(event)") }
    let next = Serving(
      folder: selection.directory, version: selection.id,
      identity: DetectorFactory.identity(folder: selection.directory, engine: settings.engine),
      probation: selection.attempt == nil ? nil : .seconds(settings.refresh.probation))
    do {
      try await exchange(for: next, settings)
    } catch {
      logger.error("the new model does not work", metadata: ["reason": "\(error)"])
      if !selection.isFactory { _ = try store.rollback(reason: "it does not work: \(error)") }
    }
  }

  /// A model on probation that fails is taken back; one that has worked for long enough is good.
  private func watch(
    _ version: String, _ probation: Duration, since: ContinuousClock.Instant, _ store: ModelStore,
    _ pipeline: Pipeline
  ) async throws {
    if !pipeline.isReady {
      let reason = pipeline.lastFailure ?? "the inference does not work"
      logger.error("the new model is taken back", metadata: ["reason": "\(reason)"])
      _ = try store.rollback(reason: reason)
    } else if ContinuousClock.now - since >= probation {
      if try store.markGood(version) {
        logger.notice("the new model has proved itself", metadata: ["version": "\(version)"])
      }
      serving.withLock { if $0.version == version { $0.probation = nil } }
    }
  }

  private func exchange(for next: Serving, _ settings: Settings) async throws {
    let prepared = try DetectorFactory.prepare(folder: next.folder, engine: settings.engine)
    try await pipeline.withLock { $0 }?.replace(with: prepared)
    serving.withLock { $0 = next }
    logger.notice(
      "another model took over",
      metadata: ["model": "\(next.folder)", "version": "\(next.version ?? "none")"])
  }
}

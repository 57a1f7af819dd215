import Logging
import Pipeline
import Publishers
import ServiceLifecycle
import Settings
import Synchronization
import UnixSignals

/// Reads the configuration again at SIGHUP. Everything is checked before anything changes, so that
/// a reload that fails keeps the old state.
final class Reloader: Service {
  private let source: ConfigurationSource
  private let locations: Locations
  private let keeper: ModelKeeper
  private let pipeline: Pipeline
  private let board: StatusBoard
  private let notifier: ServiceNotifier
  private let level: StandardErrorLog.SharedLevel
  private let logger: Logger
  private let current: Mutex<Settings>

  init(
    source: ConfigurationSource, locations: Locations, settings: Settings,
    keeper: ModelKeeper, pipeline: Pipeline, board: StatusBoard, notifier: ServiceNotifier,
    level: StandardErrorLog.SharedLevel, logger: Logger
  ) {
    self.source = source
    self.locations = locations
    self.keeper = keeper
    self.pipeline = pipeline
    self.board = board
    self.notifier = notifier
    self.level = level
    self.logger = logger
    current = Mutex(settings)
  }

  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sighup)
    for await _ in signals.cancelOnGracefulShutdown() {
      notifier.reloading()
      do {
        try await reload()
        board.reloaded(error: nil)
        logger.notice("the configuration was reloaded")
      } catch {
        board.reloaded(error: "\(error)")
        logger.error("the reload failed, the old state goes on: \(error)")
      }
      // Also after a failure: the service goes on, and systemd waits for this.
      notifier.ready()
    }
  }

  private func reload() async throws {
    let settings = try source.load()
    let specifications = try CameraFactory.specifications(settings.cameras)
    let token = try TokenStore.load(
      settings.tokenFile, stateDirectory: locations.stateDirectory(settings))
    let old = current.withLock { $0 }
    try await keeper.apply(settings)
    pipeline.set(minimumScore: Float(settings.detection.score))
    pipeline.set(watching: settings.guarding.watching)
    try await pipeline.apply(specifications)
    board.set(token: token?.0, file: token?.1)
    level.value = settings.logLevel.level
    current.withLock { $0 = settings }
    if settings.listen != old.listen || settings.socket != old.socket
      || settings.stateDirectory != old.stateDirectory
      || settings.http != old.http || settings.compare != old.compare
      || settings.refresh != old.refresh
    {
      logger.warning(
        "listen, socket, state-directory, http, compare and refresh take effect at a restart")
    }
  }
}

/// Where the configuration comes from: a file, if any, and the command line.
public struct ConfigurationSource: Sendable {
  /// The file; nil for the defaults.
  public var file: String?
  /// The command line's options.
  public var overrides: SettingsOverrides

  /// A file and the command line's options.
  public init(file: String?, overrides: SettingsOverrides) {
    self.file = file
    self.overrides = overrides
  }

  /// Reads the configuration.
  /// - Throws: `SettingsError` with everything that is wrong.
  public func load() throws -> Settings {
    try (try file.map(Settings.load(file:)) ?? Settings()).overridden(by: overrides)
  }
}

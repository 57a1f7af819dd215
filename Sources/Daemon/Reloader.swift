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
  private let pipeline: Pipeline
  private let board: StatusBoard
  private let notifier: ServiceNotifier
  private let level: StandardErrorLog.SharedLevel
  private let logger: Logger
  private let current: Mutex<(settings: Settings, detector: String)>

  init(
    source: ConfigurationSource, locations: Locations, settings: Settings, detector: String,
    pipeline: Pipeline, board: StatusBoard, notifier: ServiceNotifier,
    level: StandardErrorLog.SharedLevel, logger: Logger
  ) {
    self.source = source
    self.locations = locations
    self.pipeline = pipeline
    self.board = board
    self.notifier = notifier
    self.level = level
    self.logger = logger
    current = Mutex((settings, detector))
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
    let folder = try locations.model(settings)
    let identity = DetectorFactory.identity(folder: folder, engine: settings.engine)
    let old = current.withLock { $0 }
    if identity != old.detector {
      try await pipeline.replace(
        with: try DetectorFactory.prepare(folder: folder, engine: settings.engine))
      logger.notice("another model took over", metadata: ["model": "\(folder)"])
    }
    pipeline.set(minimumScore: Float(settings.detection.score))
    try await pipeline.apply(specifications)
    board.set(token: token?.0, file: token?.1)
    level.value = settings.logLevel.level
    current.withLock { $0 = (settings, identity) }
    if settings.listen != old.settings.listen || settings.socket != old.settings.socket
      || settings.stateDirectory != old.settings.stateDirectory
      || settings.http != old.settings.http
    {
      logger.warning("listen, socket, state-directory and http take effect at a restart")
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

import CoreMetrics
import Foundation
import Logging
import Pipeline
import Publishers
import RefreshStatus
import ServiceLifecycle
import Settings
import UnixSignals

/// The daemon: cameras, inference and publishers, put together.
public struct Daemon: Sendable {
  /// The program's version.
  public static let version = "0.1.0"

  private let source: ConfigurationSource
  private let locations: Locations

  /// A daemon with a configuration.
  public init(source: ConfigurationSource, locations: Locations = .current) {
    self.source = source
    self.locations = locations
  }

  /// Checks configuration and model without running.
  /// - Throws: `SettingsError`, `ModelError` and others that say what is wrong.
  public func check() throws {
    let settings = try source.load()
    _ = try CameraFactory.specifications(settings.cameras)
    _ = try DetectorFactory.prepare(
      folder: try locations.model(settings), engine: settings.engine)
    if let folder = settings.compare {
      _ = try DetectorFactory.prepare(folder: folder, engine: settings.engine)
    }
  }

  /// Runs until SIGTERM or SIGINT.
  /// - Returns: the exit status; what was wrong stands on standard error.
  public func run() async -> ExitStatus {
    signal(SIGPIPE, SIG_IGN)
    let level = StandardErrorLog.SharedLevel(.info)
    let isForJournal = locations.environment["JOURNAL_STREAM"] != nil
    LoggingSystem.bootstrap { _ in StandardErrorLog(level: level, isForJournal: isForJournal) }
    let logger = Logger(label: "cleansight")
    do {
      try await run(level: level, logger: logger)
      logger.notice("ended")
      return .success
    } catch {
      let status = ExitStatus(error)
      for line in "\(error)".split(whereSeparator: \.isNewline) { logger.critical("\(line)") }
      return status
    }
  }

  private func run(level: StandardErrorLog.SharedLevel, logger: Logger) async throws {
    let settings = try source.load()
    level.value = settings.logLevel.level
    let notifier = ServiceNotifier(environment: locations.environment)
    notifier.status("reading the model")
    let specifications = try CameraFactory.specifications(settings.cameras)
    let keeper = try ModelKeeper(settings: settings, locations: locations, logger: logger)
    func prepare(_ folder: String) throws -> PreparedDetector {
      do {
        return try DetectorFactory.prepare(folder: folder, engine: settings.engine)
      } catch {
        throw ModelFailure(folder: folder, reason: "\(error)")
      }
    }
    var detector: PreparedDetector
    while true {
      do {
        detector = try prepare(keeper.folder)
        break
      } catch {
        // What the device has must not keep it from starting.
        guard keeper.fallBack("\(error)") else { throw error }
      }
    }
    let name = detector.name
    let compared = try settings.compare.map(prepare)
    let board = StatusBoard(version: Self.version)
    let token = try TokenStore.load(
      settings.tokenFile, stateDirectory: locations.stateDirectory(settings))
    board.set(token: token?.0, file: token?.1)

    let metrics = MetricsRegistry()
    MetricsSystem.bootstrap(metrics)
    let turns = TurnReporter(notifier: notifier)
    let pipeline = Pipeline(
      detector: detector, compared: compared, minimumScore: Float(settings.detection.score),
      watching: settings.guarding.watching,
      hooks: .init(
        onReady: {
          logger.notice("ready", metadata: ["model": "\(name)"])
          notifier.ready()
        }, onTurn: { turns.turn() }),
      metrics: metrics, logger: logger)
    turns.begin(with: pipeline)
    keeper.begin(with: pipeline)
    let collector = FrameCollector.open(settings, locations, logger: logger).map {
      FrameCollector($0, pipeline: pipeline, logger: logger)
    }
    let office = collector.map { collector in
      RefreshOffice(
        folder: RefreshFolder(stateDirectory: locations.stateDirectory(settings)), keeper: keeper,
        collector: collector, command: RefreshOffice.command(source, settings, locations),
        logger: logger)
    }
    let http = HTTPService(
      configuration: .init(
        host: settings.listen.host, port: settings.listen.port, socket: locations.socket(settings),
        maximumClients: settings.http.maximumClients,
        clientTimeout: .milliseconds(Int64(settings.http.clientTimeout * 1000)),
        jpegQuality: settings.http.jpegQuality),
      pipeline: pipeline, board: board, desk: office, metrics: metrics, logger: logger)
    let reloader = Reloader(
      source: source, locations: locations, settings: settings, keeper: keeper,
      pipeline: pipeline, board: board, notifier: notifier, level: level, logger: logger)
    try await pipeline.apply(specifications)

    var quiet = logger
    quiet.logLevel = .error
    var configuration = ServiceGroupConfiguration(
      services: [
        .init(service: pipeline, successTerminationBehavior: .gracefullyShutdownGroup),
        .init(service: http), .init(service: reloader), .init(service: keeper),
      ] + (collector.map { [.init(service: $0)] } ?? []),
      gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
    // The end must not wait for a camera or a client that hangs.
    configuration.maximumGracefulShutdownDuration = .milliseconds(1500)
    do {
      try await withGracefulShutdownHandler {
        try await ServiceGroup(configuration: configuration).run()
      } onGracefulShutdown: {
        notifier.stopping()
      }
    } catch PipelineError.detector(let reason) where keeper.fallBack(reason) {
      // The next start takes another one.
      throw StoredModelFailure(reason: reason)
    }
    notifier.stopping()
  }
}

/// A model that cannot be used.
struct ModelFailure: Error, CustomStringConvertible {
  var folder: String
  var reason: String
  var description: String { "the model \(folder) cannot be used: \(reason)" }
}

/// A model of the store that could be read and does not work.
struct StoredModelFailure: Error, CustomStringConvertible {
  var reason: String
  var description: String { "the model does not work and was taken back: \(reason)" }
}

/// The process's exit status.
public enum ExitStatus: Int32, Sendable {
  /// It was asked to end.
  case success = 0
  /// Something failed that may be better the next time.
  case failure = 1
  /// The configuration or the model is wrong (`EX_CONFIG`): a restart would not help.
  case configuration = 78

  /// The status for an error that ended the daemon.
  public init(_ error: any Error) {
    switch error {
    case is SettingsError, is ModelFailure, PipelineError.detector: self = .configuration
    default: self = .failure
    }
  }
}

import CoreMetrics
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Pipeline
import ServiceLifecycle
import Synchronization

/// Everything that is served over HTTP, at a TCP address and at the local Unix socket.
public final class HTTPService: Service {
  /// What is served where.
  public struct Configuration: Sendable {
    /// Host and port; port 0 lets the system choose.
    public var host: String
    /// `0...65535`.
    public var port: Int
    /// The local socket's path, at most 107 bytes; nil for none.
    public var socket: String?
    /// Connections at the same time.
    public var maximumClients: Int
    /// After this time a client that takes nothing, or asks nothing, is dropped.
    public var clientTimeout: Duration
    /// Quality of the JPEGs with boxes, `1...100`.
    public var jpegQuality: Int

    /// What is served where.
    public init(
      host: String, port: Int, socket: String?, maximumClients: Int = 64,
      clientTimeout: Duration = .seconds(10), jpegQuality: Int = 80
    ) {
      self.host = host
      self.port = port
      self.socket = socket
      self.maximumClients = maximumClients
      self.clientTimeout = clientTimeout
      self.jpegQuality = jpegQuality
    }
  }

  private let configuration: Configuration
  private let pipeline: Pipeline
  private let board: StatusBoard
  private let desk: (any RefreshDesk)?
  private let registry: MetricsRegistry
  private let connections: ConnectionRegistry
  private let logger: Logger
  private let boundPort = Mutex<Int?>(nil)
  private let onListening: @Sendable (Int) -> Void

  /// How long answers that are being written may take once the daemon ends.
  static let shutdownDelay = TimeAmount.milliseconds(300)

  /// A service that listens when it runs.
  /// - Parameter onListening: called with the TCP port when clients can connect to it.
  public init(
    configuration: Configuration, pipeline: Pipeline, board: StatusBoard,
    desk: (any RefreshDesk)? = nil, metrics registry: MetricsRegistry, logger: Logger,
    onListening: @escaping @Sendable (Int) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.pipeline = pipeline
    self.board = board
    self.desk = desk
    self.registry = registry
    self.logger = logger
    self.onListening = onListening
    connections = ConnectionRegistry(maximum: configuration.maximumClients, metrics: registry)
  }

  /// The TCP port; nil until clients can connect to it.
  public var port: Int? { boundPort.withLock { $0 } }

  /// Runs until a graceful shutdown or cancellation; connections end within `shutdownDelay`.
  /// - Throws: `PublisherError` where an address cannot be listened at.
  public func run() async throws {
    try await withTaskCancellationOrGracefulShutdownHandler {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await self.listenAtAddress() }
        if let socket = configuration.socket {
          group.addTask { try await self.listen(atSocket: socket) }
        }
        // The first that fails ends the other.
        for try await _ in group {}
      }
    } onCancelOrGracefulShutdown: { [connections] in
      connections.closeAll(after: Self.shutdownDelay)
    }
  }

  /// The state as `/state` tells it.
  public func state() -> StateReport {
    StateReport(
      version: board.version, status: pipeline.statusLine, ready: pipeline.isReady,
      uptimeSeconds: (board.uptime * 10).rounded() / 10, model: pipeline.model,
      compare: pipeline.comparedModel,
      inferenceMs: pipeline.inferenceSeconds.map { ($0 * 1_000_000).rounded() / 1000 },
      inferenceError: pipeline.lastFailure,
      cameras: pipeline.channels.map { StateReport.Camera($0) }, clients: connections.count,
      residentMib: StatusBoard.residentBytes.map { (Double($0) / 104857.6).rounded() / 10 },
      reload: board.reload, tokenFile: board.tokenFile, refresh: desk?.report)
  }

  private func router() -> Router<APIContext> {
    let routes = RouteTable()
    routes.on(.get, "") { _, _ in Page.response() }
    routes.on(.get, "metrics") { [self] _, _ in
      updateMetrics()
      return .text(PrometheusText.render(registry), type: PrometheusText.contentType)
    }
    let pictures = PictureCache(quality: configuration.jpegQuality)
    VideoRoutes(pipeline: pipeline, pictures: pictures).add(to: routes)
    DetectionRoutes(pipeline: pipeline).add(to: routes)
    StateRoutes(
      pipeline: pipeline, board: board, token: { [board] in board.token }, state: { self.state() }
    ).add(to: routes)
    RefreshRoutes(desk: desk, token: { [board] in board.token }).add(to: routes)
    ModelRoutes(pipeline: pipeline, version: board.version).add(to: routes)
    return routes.router(RequestMiddleware(metrics: registry))
  }

  private func updateMetrics() {
    pipeline.updateMetrics()
    func set(_ label: String, _ value: Double) {
      Meter(label: label, dimensions: [], factory: registry).set(value)
    }
    set("cleansight_http_clients", Double(connections.count))
    set("cleansight_up_seconds", board.uptime)
    if let bytes = StatusBoard.residentBytes { set("process_resident_memory_bytes", Double(bytes)) }
  }

  private func application(
    _ address: BindAddress, onListening: @escaping @Sendable (any Channel) async -> Void
  ) -> some ApplicationProtocol {
    let timeout = TimeAmount.nanoseconds(
      configuration.clientTimeout.components.seconds * 1_000_000_000
        + configuration.clientTimeout.components.attoseconds / 1_000_000_000)
    // Hummingbird tells each request and connection; that is detail here.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return Application(
      router: router(),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [
            ConnectionGuard(registry: self.connections, timeout: timeout)
          ],
          idleTimeout: .seconds(60))),
      configuration: ApplicationConfiguration(address: address, serverName: "CleanSight"),
      onServerRunning: onListening, logger: quiet)
  }

  private func listenAtAddress() async throws {
    let host = configuration.host
    let shown = host.contains(":") ? "[\(host)]" : host
    do {
      try await application(.hostname(host, port: configuration.port)) { [self] channel in
        guard let port = channel.localAddress?.port else { return }
        boundPort.withLock { $0 = port }
        logger.info("page: http://\(shown):\(port)/")
        onListening(port)
      }.run()
    } catch let error as IOError {
      throw PublisherError.listen(
        address: "\(shown):\(configuration.port)", reason: Self.reason(error))
    } catch let error as SocketAddressError {
      throw PublisherError.listen(address: "\(shown):\(configuration.port)", reason: "\(error)")
    }
  }

  private func listen(atSocket path: String) async throws {
    try LocalSocket.prepare(path)
    do {
      try await application(.unixDomainSocket(path: path)) { [logger] _ in
        if chmod(path, 0o660) != 0 {
          logger.warning("cannot set the socket's mode", metadata: ["socket": "\(path)"])
        }
        logger.info("local socket: \(path)")
      }.run()
    } catch let error as IOError {
      throw PublisherError.socket(path: path, reason: Self.reason(error))
    }
    unlink(path)
  }

  private static func reason(_ error: IOError) -> String {
    error.errnoCode == EADDRINUSE
      ? "the port is in use by another program" : String(cString: strerror(error.errnoCode))
  }
}

import AsyncHTTPClient
import Foundation
import Frames
import Logging
import NIOCore
import Pipeline
import ServiceLifecycle
import Synchronization
import Testing

@testable import Publishers

/// A pipeline and its HTTP service on a free port and a socket of their own.
struct TestServer: Sendable {
  let pipeline: Pipeline
  let http: HTTPService
  let board: StatusBoard
  let port: Int
  let socket: String

  var base: String { "http://127.0.0.1:\(port)" }
  static let token = "a-secret-of-the-tests"

  /// An answer with its body.
  struct Answer {
    var status: UInt
    var type: String
    var headers: [String: String]
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    var json: [String: Any] {
      (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
    }
    /// The message of an error.
    var error: String? { json.count == 1 ? json["error"] as? String : nil }
  }

  func request(
    _ path: String, method: String = "GET", body: [UInt8]? = nil, headers: [String: String] = [:],
    overSocket: Bool = false
  ) async throws -> Answer {
    var url = base + path
    if overSocket {
      url = try #require(URL(httpURLWithSocketPath: socket, uri: path)).absoluteString
    }
    var request = HTTPClientRequest(url: url)
    request.method = .init(rawValue: method)
    for (name, value) in headers { request.headers.add(name: name, value: value) }
    if let body { request.body = .bytes(body) }
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
    let bytes = try await response.body.collect(upTo: 32 << 20)
    return Answer(
      status: response.status.code, type: response.headers.first(name: "content-type") ?? "",
      headers: Dictionary(
        response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
      body: Array(buffer: bytes))
  }

  /// Reads a stream until `isEnough`, then leaves it.
  func read(
    _ path: String, until isEnough: @Sendable ([UInt8]) -> Bool
  ) async throws -> (bytes: [UInt8], type: String) {
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: base + path), timeout: .seconds(20))
    var bytes: [UInt8] = []
    for try await buffer in response.body {
      bytes += Array(buffer: buffer)
      if isEnough(bytes) { break }
    }
    return (bytes, response.headers.first(name: "content-type") ?? "")
  }
}

/// Runs a server for the duration of a test.
func withServer(
  _ cameras: [(String, ScriptedCamera)], behaviour: RectangleDetector.Behaviour = .init(),
  compared: PreparedDetector? = nil, desk: (any RefreshDesk)? = nil,
  token: String? = TestServer.token, maximumClients: Int = 64,
  clientTimeout: Duration = .seconds(10), _ body: (TestServer) async throws -> Void
) async throws {
  var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  logger.logLevel = .critical
  let metrics = MetricsRegistry()
  let pipeline = Pipeline(
    detector: RectangleDetector.prepared("rectangles", behaviour), compared: compared,
    minimumScore: 0,
    metrics: metrics, logger: logger)
  try await pipeline.apply(cameras.map { $1.specification($0) })
  let board = StatusBoard(version: "1.2.3")
  board.set(token: token.flatMap(AccessToken.init), file: token == nil ? nil : "/etc/token")
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "cs-\(UInt32.random(in: 0...UInt32.max))")
  defer { try? FileManager.default.removeItem(at: folder) }
  let socket = folder.path + "/cleansight.sock"
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  let http = HTTPService(
    configuration: .init(
      host: "127.0.0.1", port: 0, socket: socket, maximumClients: maximumClients,
      clientTimeout: clientTimeout),
    pipeline: pipeline, board: board, desk: desk, metrics: metrics, logger: logger,
    onListening: { port.yield($0) })
  let group = ServiceGroup(
    configuration: .init(services: [pipeline, http], logger: logger))
  try await withThrowingTaskGroup(of: Void.self) { tasks in
    tasks.addTask { try await group.run() }
    var iterator = ports.makeAsyncIterator()
    let bound = try #require(await iterator.next())
    let server = TestServer(
      pipeline: pipeline, http: http, board: board, port: bound, socket: socket)
    try await eventually("the server is ready") {
      pipeline.isReady && FileManager.default.fileExists(atPath: socket)
    }
    let result: Result<Void, any Error>
    do {
      try await body(server)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    await group.triggerGracefulShutdown()
    try await tasks.waitForAll()
    try result.get()
  }
}

/// Waits for a condition that becomes true soon; fails the test where it does not within 10 s.
func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(10)
  while ContinuousClock.now < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("not within 10 s: \(what)")
}

/// A TCP connection without an HTTP client: for clients that behave badly.
final class RawConnection {
  private let descriptor: Int32

  init(port: Int, receiveBuffer: Int32? = nil) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    try #require(status == 0)
  }

  deinit { close(descriptor) }

  func send(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// What arrives within a time; nil where the other side has closed.
  func receive(within seconds: Double) -> [UInt8]? {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, Int32(seconds * 1000)) > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = recv(descriptor, &bytes, bytes.count, 0)
    return count > 0 ? Array(bytes[..<count]) : nil
  }
}

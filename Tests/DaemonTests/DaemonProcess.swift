import AsyncHTTPClient
import Foundation
import Frames
import NIOCore
import Synchronization
import Testing

/// The daemon as a process of its own, in a folder of its own, with a camera of JPEGs.
final class DaemonProcess: Sendable {
  let folder: URL
  private let process = Process()
  private let errors = Mutex("")

  static var program: URL {
    Bundle.main.bundleURL.appendingPathComponent("cleansightd")
  }

  /// The model that is delivered, in the checkout.
  static var model: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("models/default").path
  }

  /// - Parameter configuration: the file's text; `FOLDER` and `MODEL` are replaced.
  init(
    configuration: String, arguments: [String] = [], environment: [String: String] = [:]
  ) throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "csd-\(UInt32.random(in: 0...UInt32.max))")
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("pictures"), withIntermediateDirectories: true)
    let image = try Image(width: 96, height: 64, red: 30, green: 120, blue: 60)
    for index in 0..<3 {
      try Data(JPEGEncoder(quality: 80).encode(image)).write(
        to: folder.appendingPathComponent("pictures/\(index).jpg"))
    }
    try write(configuration)
    process.executableURL = Self.program
    process.arguments = ["--config", configurationFile.path] + arguments
    process.environment = [
      "HOME": folder.path, "STATE_DIRECTORY": folder.appendingPathComponent("state").path,
    ].merging(environment) { $1 }
    let pipe = Pipe()
    process.standardError = pipe
    process.standardOutput = FileHandle.nullDevice
    pipe.fileHandleForReading.readabilityHandler = { [weak self] handle in
      let text = String(decoding: handle.availableData, as: UTF8.self)
      self?.errors.withLock { $0 += text }
    }
    try process.run()
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: folder)
  }

  var configurationFile: URL { folder.appendingPathComponent("cleansight.yaml") }
  var socket: String { folder.path + "/state/cleansight.sock" }
  /// Everything that was logged so far.
  var log: String { errors.withLock { $0 } }

  func write(_ configuration: String) throws {
    let text = configuration.replacingOccurrences(of: "FOLDER", with: folder.path)
      .replacingOccurrences(of: "MODEL", with: Self.model)
    try Data(text.utf8).write(to: configurationFile)
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end.
  /// - Returns: the exit status, or nil where it has not ended in time.
  func status(within timeout: Duration) async throws -> Int32? {
    let deadline = ContinuousClock.now + timeout
    while process.isRunning {
      if ContinuousClock.now > deadline { return nil }
      try await Task.sleep(for: .milliseconds(10))
    }
    return process.terminationStatus
  }

  /// The port that the log tells.
  var port: Int? {
    guard let range = log.range(of: "page: http://127.0.0.1:") else { return nil }
    return Int(log[range.upperBound...].prefix { $0.isNumber })
  }

  func get(_ path: String) async throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: await data(path)) as? [String: Any] ?? [:]
  }

  func text(_ path: String) async throws -> String {
    String(decoding: try await data(path), as: UTF8.self)
  }

  private func data(_ path: String) async throws -> Data {
    let url = try #require(URL(httpURLWithSocketPath: socket, uri: path)).absoluteString
    let response = try await HTTPClient.shared.execute(
      HTTPClientRequest(url: url), timeout: .seconds(10))
    let body = try await response.body.collect(upTo: 4 << 20)
    return Data(Array(buffer: body))
  }

  func waitUntilReady() async throws {
    try await eventually("the daemon is ready; its log: \(log)") {
      (try? await self.get("/state")["ready"] as? Bool) == true
    }
  }
}

/// Waits for a condition that becomes true soon; fails the test where it does not within 180 s:
/// a debug build on a busy machine lays out its network slowly.
func eventually(_ what: @autoclosure () -> String, _ condition: () async throws -> Bool)
  async throws
{
  let deadline = ContinuousClock.now + .seconds(180)
  while ContinuousClock.now < deadline {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record("not within 180 s: \(what())")
}

/// The socket that systemd would listen at.
final class NotifySocket: Sendable {
  let path: String
  private let descriptor: Int32

  /// - Parameter name: a path, or a name after `@`.
  init(_ name: String) throws {
    path = name
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(2 + bytes.count))
      }
    }
    try #require(status == 0)
  }

  deinit { close(descriptor) }

  /// The messages that have arrived.
  func messages() -> [String] {
    var messages: [String] = []
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
      guard count > 0 else { return messages }
      messages.append(String(decoding: bytes[..<count], as: UTF8.self))
    }
  }
}

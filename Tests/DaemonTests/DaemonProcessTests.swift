import Foundation
import Testing

@testable import Daemon

@Suite(.serialized) struct DaemonProcessTests {
  private static let configuration = """
    listen: 127.0.0.1:0
    model: MODEL
    engine: {threads: 1}
    cameras:
      - {name: door, address: "images:FOLDER/pictures?loop=true", fps: 10}
    """

  @Test func startsServesNotifiesAndEndsWithASlowClient() async throws {
    let notify = try NotifySocket("@cleansight-test-\(UInt32.random(in: 0...UInt32.max))")
    let daemon = try DaemonProcess(
      configuration: Self.configuration,
      environment: ["NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "400000"])
    try await daemon.waitUntilReady()
    var messages: [String] = []
    try await eventually("READY and WATCHDOG; so far \(messages)") {
      messages += notify.messages()
      return messages.contains("READY=1") && messages.contains("WATCHDOG=1")
        && messages.contains { $0.hasPrefix("STATUS=1 camera, ") }
    }
    try await eventually("detections") {
      (try await daemon.get("/v1/detections")["cameras"] as? [[String: Any]])?.count == 1
    }
    let state = try await daemon.get("/state")
    let cameras = try #require(state["cameras"] as? [[String: Any]])
    #expect((cameras[0]["snapshot"] as? [String: Any])?["name"] as? String == "door")

    // A client that never reads must not hold up the end.
    let port = try #require(daemon.port)
    let slow = try await SlowClient(port: port)
    let start = ContinuousClock.now
    daemon.send(SIGTERM)
    #expect(try await daemon.status(within: .seconds(10)) == 0)
    #expect(ContinuousClock.now - start < .seconds(2))
    #expect(notify.messages().contains("STOPPING=1"))
    #expect(!FileManager.default.fileExists(atPath: daemon.socket))
    withExtendedLifetime(slow) {}
  }

  @Test func reloadTakesWhatIsRightAndKeepsTheOldOtherwise() async throws {
    let daemon = try DaemonProcess(configuration: Self.configuration)
    try await daemon.waitUntilReady()

    try daemon.write(Self.configuration + "\nlog-levle: info\n")
    daemon.send(SIGHUP)
    var reload: [String: Any]?
    try await eventually("the failed reload is told") {
      reload = try await daemon.get("/state")["reload"] as? [String: Any]
      return reload != nil
    }
    let error = try #require(reload?["error"] as? String)
    #expect(
      error.hasPrefix("\(daemon.configurationFile.path):6: log-levle: expected one of the keys"))
    // The log comes through a pipe, a moment later.
    try await eventually("the log tells it") {
      daemon.log.contains("the reload failed, the old state goes on")
    }
    #expect(try await names(daemon) == ["door"])

    try daemon.write(
      Self.configuration.replacingOccurrences(of: "MODEL", with: "/nonexistent/model"))
    daemon.send(SIGHUP)
    try await eventually("the missing model is told") {
      let reload = try await daemon.get("/state")["reload"] as? [String: Any]
      return (reload?["error"] as? String)?.contains("/nonexistent/model") == true
    }
    #expect(try await daemon.get("/state")["ready"] as? Bool == true)

    try daemon.write(
      Self.configuration
        + "\n  - {name: yard, address: \"images:FOLDER/pictures?loop=true\", fps: 5}\n")
    daemon.send(SIGHUP)
    try await eventually("the new camera is there") {
      try await names(daemon) == ["door", "yard"]
    }
    let good = try #require(try await daemon.get("/state")["reload"] as? [String: Any])
    #expect(good["error"] == nil)
    daemon.send(SIGINT)
    #expect(try await daemon.status(within: .seconds(10)) == 0)
  }

  @Test func theGuardLooksAndIsSwitchedOffByAReload() async throws {
    let watched = Self.configuration + "\nguard: {interval: 0.1}\n"
    let daemon = try DaemonProcess(configuration: watched)
    try await daemon.waitUntilReady()
    func verdict() async throws -> [String: Any]? {
      let cameras = try await daemon.get("/state")["cameras"] as? [[String: Any]]
      return cameras?.first?["guard"] as? [String: Any]
    }
    try await eventually("the guard has looked") {
      try await verdict()?["state"] as? String == "learning"
    }
    #expect(try await verdict()?["reason"] as? String == "learns what this camera shows")
    try await eventually("it is counted") {
      try await daemon.text("/metrics").contains(
        "cleansight_guard_looks_total{camera_name=\"door\",state=\"learning\"}")
    }
    try daemon.write(Self.configuration + "\nguard: {interval: 0}\n")
    daemon.send(SIGHUP)
    try await eventually("the guard looks no more") { try await verdict() == nil }
    daemon.send(SIGTERM)
    #expect(try await daemon.status(within: .seconds(10)) == 0)
  }

  private func names(_ daemon: DaemonProcess) async throws -> [String] {
    let cameras = try await daemon.get("/v1/cameras")["cameras"] as? [[String: Any]]
    return cameras?.compactMap { $0["name"] as? String } ?? []
  }

  @Test func wrongConfigurationExitsWith78AndNamesTheLine() async throws {
    let daemon = try DaemonProcess(configuration: "listen: 127.0.0.1:0\nengine:\n  threads: no\n")
    #expect(try await daemon.status(within: .seconds(20)) == 78)
    try await eventually("the line is named") {
      daemon.log.contains(
        "\(daemon.configurationFile.path):3: engine.threads: expected a whole number from 1 to 256")
    }
  }

  @Test(arguments: [
    ["--model", "/nonexistent"], ["--camera", "synthetic:?nonsense=1"], ["--backend", "cuda"],
  ])
  func wrongOptionsExitWith78(arguments: [String]) async throws {
    let daemon = try DaemonProcess(configuration: Self.configuration, arguments: arguments)
    #expect(try await daemon.status(within: .seconds(30)) == 78)
    try await eventually("it says why: \(daemon.log)") { daemon.log.contains("critical") }
  }

  @Test func portInUseIsNamedAndExitsWith1() async throws {
    let first = try DaemonProcess(configuration: Self.configuration)
    try await eventually("the first listens") { first.port != nil }
    let port = try #require(first.port)
    let second = try DaemonProcess(
      configuration: Self.configuration, arguments: ["--listen", "127.0.0.1:\(port)"])
    #expect(try await second.status(within: .seconds(60)) == 1)
    try await eventually("it says why") {
      second.log.contains(
        "expected to listen at 127.0.0.1:\(port), found: the port is in use by another program")
    }
    first.send(SIGTERM)
    #expect(try await first.status(within: .seconds(10)) == 0)
  }

  @Test func checkConfigEndsAtOnce() async throws {
    let good = try DaemonProcess(configuration: Self.configuration, arguments: ["--check-config"])
    #expect(try await good.status(within: .seconds(30)) == 0)
    let bad = try DaemonProcess(configuration: "nonsense: 1", arguments: ["--check-config"])
    #expect(try await bad.status(within: .seconds(30)) == 78)
  }

  @Test func journalGetsPriorities() async throws {
    let daemon = try DaemonProcess(
      configuration: "nonsense: 1", environment: ["JOURNAL_STREAM": "8:1"])
    #expect(try await daemon.status(within: .seconds(30)) == 78)
    try await eventually("the priority stands in front") {
      daemon.log.hasPrefix("<2>\(daemon.configurationFile.path):1: nonsense: expected")
    }
  }
}

/// Asks for the stream and never reads it.
final class SlowClient {
  private let descriptor: Int32

  init(port: Int) async throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var size: Int32 = 4096
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
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
    let request = Array("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n".utf8)
    try #require(send(descriptor, request, request.count, 0) == request.count)
    // Until the answer begins, which shows that the daemon serves it.
    var byte: UInt8 = 0
    try #require(recv(descriptor, &byte, 1, 0) == 1)
  }

  deinit { close(descriptor) }
}

import AsyncHTTPClient
import Foundation
import NIOCore
import Testing

@testable import Daemon

/// Captured frames, the model store and the purification on the device, through the daemon's real
/// interfaces.
@Suite(.serialized) struct DaemonRefreshTests {
  private static let configuration = """
    listen: 127.0.0.1:0
    model: MODEL
    engine: {threads: 1}
    refresh: {interval: 0.1, probation: 1}
    cameras:
      - {name: door, address: "images:FOLDER/pictures?loop=true", fps: 10}
    """

  private func request(
    _ daemon: DaemonProcess, _ method: String, _ path: String
  ) async throws -> (status: UInt, json: [String: Any]) {
    let url = try #require(URL(httpURLWithSocketPath: daemon.socket, uri: path)).absoluteString
    var request = HTTPClientRequest(url: url)
    request.method = .init(rawValue: method)
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
    let body = try await response.body.collect(upTo: 4 << 20)
    let json = try JSONSerialization.jsonObject(with: Data(Array(buffer: body)))
    return (response.status.code, json as? [String: Any] ?? [:])
  }

  /// `cleansight` on the daemon's folders.
  private func command(_ daemon: DaemonProcess, _ arguments: String...) throws -> (Int32, String) {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    process.arguments =
      arguments
      + ["--state-directory", daemon.folder.path + "/state", "--model", DaemonProcess.model]
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// A copy of the delivered model under another name.
  private func copy(_ daemon: DaemonProcess, name: String) throws -> String {
    let path = daemon.folder.path + "/" + name
    try FileManager.default.copyItem(atPath: DaemonProcess.model, toPath: path)
    let manifest = URL(fileURLWithPath: path + "/model.json")
    let text = try String(contentsOf: manifest, encoding: .utf8)
    let renamed = text.replacing(
      /"name"\s*:\s*"[^"]*"/, with: "\"name\": \"\(name)\"", maxReplacements: 1)
    try Data(renamed.utf8).write(to: manifest)
    return path
  }

  private func model(_ daemon: DaemonProcess) async throws -> String? {
    (try await daemon.get("/state")["model"] as? [String: Any])?["name"] as? String
  }

  private func version(_ daemon: DaemonProcess) async throws -> [String: Any] {
    try await daemon.get("/v1/refresh")["version"] as? [String: Any] ?? [:]
  }

  @Test func anotherModelTakesOverProvesItselfAndIsTakenBack() async throws {
    let daemon = try DaemonProcess(configuration: Self.configuration)
    try await daemon.waitUntilReady()
    let first = try #require(try await model(daemon))
    #expect(try await version(daemon)["origin"] as? String == "factory")

    let other = try copy(daemon, name: "other")
    let (status, output) = try command(daemon, "model", "activate", other, "--probation")
    #expect(status == 0, "\(output)")
    try await eventually("the other model serves; \(daemon.log)") {
      try await model(daemon) == "other"
    }
    #expect(try await version(daemon)["origin"] as? String == "installed")
    try await eventually("it has proved itself; \(daemon.log)") {
      try await version(daemon)["is_on_probation"] as? Bool == false
    }
    #expect(try command(daemon, "model", "list").1.contains("good"))

    #expect(try command(daemon, "model", "rollback").0 == 0)
    try await eventually("the first model serves again; \(daemon.log)") {
      try await model(daemon) == first
    }
    // What was taken back does not come again with a restart.
    daemon.send(SIGTERM)
    #expect(try await daemon.status(within: .seconds(20)) == 0)
    let list = try command(daemon, "model", "list").1
    #expect(list.contains("rolled back: a person said so"), "\(list)")
    #expect(list.split(separator: "\n").first?.hasPrefix("*") == true, "\(list)")
  }

  @Test func aDamagedModelDoesNotKeepTheDaemonFromStarting() async throws {
    let daemon = try DaemonProcess(configuration: Self.configuration)
    try await daemon.waitUntilReady()
    let first = try #require(try await model(daemon))
    let (status, _) = try command(
      daemon, "model", "activate", try copy(daemon, name: "other"), "--probation")
    #expect(status == 0)
    try await eventually("it serves") { try await model(daemon) == "other" }
    // Its file is destroyed where it stands; the start finds that.
    let id = try #require(try await version(daemon)["id"] as? String)
    daemon.send(SIGKILL)
    _ = try await daemon.status(within: .seconds(20))
    let weights = daemon.folder.path + "/state/models/versions/\(id)/model.safetensors"
    chmod(weights, 0o600)
    let handle = try #require(FileHandle(forWritingAtPath: weights))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    let again = try DaemonProcess(
      configuration: Self.configuration,
      environment: ["STATE_DIRECTORY": daemon.folder.path + "/state"])
    let socket = daemon.folder.path + "/state/cleansight.sock"
    try await eventually("it starts with the first model; \(again.log)") {
      guard let url = URL(httpURLWithSocketPath: socket, uri: "/state") else { return false }
      guard
        let response = try? await HTTPClient.shared.execute(
          HTTPClientRequest(url: url.absoluteString), timeout: .seconds(10)),
        let body = try? await response.body.collect(upTo: 4 << 20),
        let state = try? JSONSerialization.jsonObject(with: Data(Array(buffer: body)))
          as? [String: Any]
      else { return false }
      return (state["model"] as? [String: Any])?["name"] as? String == first
    }
    again.send(SIGTERM)
    #expect(try await again.status(within: .seconds(20)) == 0)
  }

  @Test func framesAreCapturedAndARefreshOfTooFewSaysSo() async throws {
    let daemon = try DaemonProcess(configuration: Self.configuration)
    try await daemon.waitUntilReady()
    try await eventually("a frame was captured") {
      let frames = try await daemon.get("/v1/refresh")["frames"] as? [String: Any]
      return frames?["count"] as? Int == 1
        && (frames?["outcomes"] as? [String: Int])?["duplicate"] ?? 0 > 0
    }
    let folder = daemon.folder.path + "/state/frames"
    let permissions =
      try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int
    #expect(permissions == 0o700)

    #expect(try await request(daemon, "POST", "/v1/refresh").status == 202)
    try await eventually("it has failed; \(daemon.log)") {
      let last = try await daemon.get("/v1/refresh")["last"] as? [String: Any]
      return last?["phase"] as? String == "failed"
        && (last?["message"] as? String)?.contains("expected at least 160 captured frames") == true
    }
    #expect(try await request(daemon, "DELETE", "/v1/refresh").status == 202)
    #expect(try await request(daemon, "DELETE", "/v1/refresh/frames").status == 202)
    let state = try await daemon.get("/state")
    #expect((state["refresh"] as? [String: Any])?["frames"] != nil)
  }

  @Test func withoutCapturedFramesThereIsNoRefresh() async throws {
    let daemon = try DaemonProcess(
      configuration: Self.configuration.replacingOccurrences(
        of: "{interval: 0.1, probation: 1}", with: "{frames: none}"))
    try await daemon.waitUntilReady()
    let answer = try await request(daemon, "POST", "/v1/refresh")
    #expect(answer.status == 404)
    #expect(
      answer.json["error"] as? String
        == "expected captured frames to be kept (refresh.frames), found none")
    #expect(try await daemon.get("/state")["refresh"] == nil)
    #expect(!FileManager.default.fileExists(atPath: daemon.folder.path + "/state/frames"))
  }
}

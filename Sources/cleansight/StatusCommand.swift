import ArgumentParser
import Foundation
import Pipeline

/// `cleansight status`: how the daemon is, asked over its local socket.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show how the daemon is.",
    discussion: "Exits with 0 where it is ready, 1 where it is not, and 2 where there is none.")

  @Option(help: "The daemon's local socket; without it the usual places are tried.")
  var socket: String?
  @Flag(help: "The answer of GET /state as it is.") var json = false
  @Flag(help: "Again each second, until interrupted.") var watch = false

  func run() async throws {
    repeat {
      let isReady = try await show()
      guard watch else {
        if !isReady { throw ExitCode(1) }
        return
      }
      try await Task.sleep(for: .seconds(1))
    } while true
  }

  private func show() async throws -> Bool {
    let data: Data
    do {
      data = try await DaemonConnection(socket: socket).request("/state")
    } catch let error as DaemonConnectionError {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      throw ExitCode(2)
    }
    let state = try JSONDecoder.published.decode(StateReport.self, from: data)
    if json {
      print(String(decoding: data, as: UTF8.self))
    } else {
      print(describe(state))
    }
    return state.ready
  }

  private func describe(_ state: StateReport) -> String {
    var lines = ["CleanSight \(state.version): \(state.status)"]
    if let model = state.model {
      let time = state.inferenceMs.map { ", \(rounded($0)) ms an inference" } ?? ""
      lines.append("model    \(model.name) (\(model.engine))\(time)")
    }
    for camera in state.cameras {
      let snapshot = camera.snapshot
      lines.append("camera   \(snapshot.name), \(snapshot.address)")
      lines.append("         \(snapshot.status.state.rawValue): \(snapshot.status.reason)")
      let latency = camera.latencyMs.map { ", latency \(rounded($0)) ms" } ?? ""
      lines.append(
        "         \(rounded(snapshot.cameraFps)) pictures/s in, "
          + "\(rounded(snapshot.detectionFps)) detected, "
          + "\(rounded(snapshot.skippedFps)) overtaken\(latency)")
      if !snapshot.refused.isEmpty {
        let reasons = snapshot.refused.sorted { $0.key < $1.key }
        lines.append(
          "         refused: " + reasons.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
      }
      if let guarding = camera.guard {
        lines.append(
          "         guard: \(guarding.state.rawValue), \(guarding.reason) (\(rounded(guarding.score)))"
        )
      }
      if let clean = camera.accuracy?.clean {
        lines.append(
          "         average precision \(rounded(clean.averagePrecision * 100)) % without trigger")
      }
      if let triggered = camera.accuracy?.triggered {
        lines.append(
          "         average precision \(rounded(triggered.averagePrecision * 100)) % with trigger")
      }
    }
    if let refresh = state.refresh?.last {
      lines.append("refresh  \(RepurifyCommand.text(refresh))")
    }
    if let error = state.inferenceError { lines.append("inference fails: \(error)") }
    if let error = state.reload?.error { lines.append("last reload failed: \(error)") }
    let memory = state.residentMib.map { "\(rounded($0)) MiB, " } ?? ""
    lines.append(
      "         \(memory)\(state.clients) clients, up \(Int(state.uptimeSeconds)) s")
    return lines.joined(separator: "\n")
  }

  private func rounded(_ value: Double) -> String { String(format: "%.1f", value) }
}

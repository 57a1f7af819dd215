import ArgumentParser
import Foundation
import Pipeline
import RefreshStatus

/// `cleansight repurify`: asks the daemon for a purification of its model from what its cameras saw.
struct RepurifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repurify",
    abstract: "Let the daemon purify its model from what its cameras saw.",
    discussion: """
      Shows how it goes until it ends; Ctrl-C leaves it at work. Exits with 0 where a new model was \
      accepted, 3 where the gate refused it, 4 where it was stopped, 1 where it failed, and 2 where no \
      daemon runs.
      """)

  @Option(help: "The daemon's local socket; without it the usual places are tried.")
  var socket: String?
  @Flag(help: "Do not wait for the end.") var noWait = false
  @Flag(help: "Stop the one that is at work.") var cancel = false
  @Flag(help: "Delete every captured frame.") var forget = false
  @Flag(help: "Only say how it is.") var status = false
  @Flag(help: "Print JSON: the answer of GET /v1/refresh.") var json = false

  func validate() throws {
    guard [cancel, forget, status].count(where: { $0 }) <= 1 else {
      throw ValidationError("expected one of --cancel, --forget and --status, found more")
    }
  }

  func run() async throws {
    do {
      let daemon = try DaemonConnection(socket: socket)
      if forget {
        _ = try await daemon.request("/v1/refresh/frames", method: "DELETE")
        return print("the captured frames were deleted")
      }
      if cancel {
        _ = try await daemon.request("/v1/refresh", method: "DELETE")
        return print("it was told to stop")
      }
      if status { return show(try await report(daemon)) }
      let before = try await report(daemon).last
      _ = try await daemon.request("/v1/refresh", method: "POST")
      if noWait { return print("it was asked for") }
      try await wait(daemon, after: before)
    } catch let error as DaemonConnectionError {
      FileHandle.standardError.write(Data("\(error)\n".utf8))
      if case .refused = error { throw ExitCode(1) }
      throw ExitCode(2)
    }
  }

  private func report(_ daemon: DaemonConnection) async throws -> RefreshReport {
    try JSONDecoder.published.decode(
      RefreshReport.self, from: try await daemon.request("/v1/refresh"))
  }

  private func wait(_ daemon: DaemonConnection, after before: RefreshStatus?) async throws {
    var line = ProgressLine(isQuiet: json)
    defer { line.finish() }
    var report = try await report(daemon)
    while report.isRequested || report.last == before || report.last?.phase.isOver != true {
      if !report.isRequested, report.last == before, !json {
        line.show { "waiting until it begins" }
      } else if let last = report.last, last != before {
        line.show { Self.text(last) }
      }
      try await Task.sleep(for: .milliseconds(500))
      report = try await self.report(daemon)
    }
    line.finish()
    show(report)
    switch report.last?.phase {
    case .accepted: return
    case .rejected: throw ExitCode(3)
    case .stopped: throw ExitCode(4)
    default: throw ExitCode(1)
    }
  }

  private func show(_ report: RefreshReport) {
    if json {
      let data = (try? JSONEncoder.published.encode(report)) ?? Data()
      return print(String(decoding: data, as: UTF8.self))
    }
    if let version = report.version {
      print(
        "serves  \(version.id.prefix(12)) (\(version.origin)"
          + (version.isOnProbation ? ", on probation)" : ")"))
    }
    if let frames = report.frames {
      print("frames  \(frames.count), \(frames.bytes >> 20) MiB")
    }
    guard let last = report.last else { return print("no refresh yet") }
    print("refresh \(Self.text(last))")
    for reason in last.reasons ?? [] { print("        \(reason)") }
  }

  static func text(_ status: RefreshStatus) -> String {
    guard !status.phase.isOver else {
      return "\(status.phase.rawValue) at \(status.updated): \(status.message)"
    }
    let left = status.secondsLeft.map { ", \(ProgressLine.time($0)) left" } ?? ""
    return "\(ProgressLine.bar(status.progress)) \(status.phase.rawValue): \(status.message)\(left)"
  }
}

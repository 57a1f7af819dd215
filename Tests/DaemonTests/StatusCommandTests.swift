import Foundation
import Testing

/// `cleansight status` against a daemon that runs, and against none.
@Suite struct StatusCommandTests {
  @Test func asksTheRunningDaemonOverItsSocket() async throws {
    let daemon = try DaemonProcess(
      configuration: """
        listen: 127.0.0.1:0
        model: MODEL
        cameras:
          - name: folder
            address: "images:FOLDER/pictures?fps=5"
        """)
    try await daemon.waitUntilReady()
    let json = try await status("--socket", daemon.socket, "--json")
    #expect(json.status == 0)
    let state = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(state?["ready"] as? Bool == true)
    let text = try await status("--socket", daemon.socket)
    #expect(text.output.contains("folder"))
    daemon.send(SIGTERM)
    #expect(try await daemon.status(within: .seconds(10)) == 0)
    #expect(try await status("--socket", daemon.socket).status == 2)
  }

  private func status(_ arguments: String...) async throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    process.arguments = ["status"] + arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    // A few kilobytes at most: they fit the pipe.
    while process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    return (process.terminationStatus, output)
  }
}

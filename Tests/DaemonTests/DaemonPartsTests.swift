import Foundation
import Logging
import Pipeline
import Publishers
import Settings
import Testing

@testable import Daemon

@Suite struct ServiceNotifierTests {
  @Test(arguments: [true, false])
  func messagesArriveAtTheSocket(isAbstract: Bool) throws {
    let name = "cs-notify-\(UInt32.random(in: 0...UInt32.max))"
    let path = isAbstract ? "@\(name)" : NSTemporaryDirectory() + "/\(name)"
    let socket = try NotifySocket(path)
    defer { if !isAbstract { unlink(path) } }
    let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": path])
    notifier.status("two\nlines")
    notifier.status("two\nlines")
    notifier.ready()
    notifier.reloading()
    notifier.stopping()
    notifier.alive()
    let messages = socket.messages()
    #expect(messages.count == 4)
    #expect(messages[0] == "STATUS=two lines")
    #expect(messages[1] == "READY=1")
    #expect(messages[3] == "STOPPING=1")
    let lines = messages[2].split(separator: "\n")
    #expect(lines.first == "RELOADING=1")
    let time = try #require(Int(lines[1].dropFirst("MONOTONIC_USEC=".count)))
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    #expect(abs(now.tv_sec - time / 1_000_000) <= 5)
  }

  @Test func watchdogIsFedAtHalfItsTimeout() async throws {
    let socket = try NotifySocket("@cs-watchdog-\(UInt32.random(in: 0...UInt32.max))")
    let notifier = ServiceNotifier(
      environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "400000"])
    for _ in 0..<50 { notifier.alive() }
    #expect(socket.messages() == ["WATCHDOG=1"])
    try await Task.sleep(for: .milliseconds(250))
    notifier.alive()
    #expect(socket.messages() == ["WATCHDOG=1"])
    let foreign = ServiceNotifier(
      environment: [
        "NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": "1",
      ])
    foreign.alive()
    #expect(socket.messages().isEmpty)
  }

  @Test(arguments: [
    "", "relative", "/nonexistent/socket", "@" + String(repeating: "x", count: 200),
  ])
  func wrongSocketsAreIgnored(path: String) {
    let notifier = ServiceNotifier(environment: ["NOTIFY_SOCKET": path])
    notifier.ready()
    notifier.status("fine")
  }
}

@Suite struct StandardErrorLogTests {
  @Test func lineHasPriorityForTheJournal() {
    let line = StandardErrorLog.line(
      .warning, "lost\nagain", ["camera": "door", "hb.request.id": "1"], isForJournal: true)
    #expect(line == "<4>lost again camera=door\n")
  }

  @Test func lineHasTimeForPeople() {
    let line = StandardErrorLog.line(.info, "fine", [:], isForJournal: false)
    #expect(line.hasSuffix("Z info fine\n"))
    #expect(line.hasPrefix("20"))
  }

  @Test func levelIsSharedUntilALoggerHasItsOwn() {
    let level = StandardErrorLog.SharedLevel(.info)
    var logger = Logger(label: "a") { _ in StandardErrorLog(level: level, isForJournal: true) }
    #expect(logger.logLevel == .info)
    level.value = .debug
    #expect(logger.logLevel == .debug)
    logger.logLevel = .error
    #expect(logger.logLevel == .error)
    #expect(level.value == .debug)
  }
}

@Suite struct TokenStoreTests {
  private func withFolder(_ body: (String) throws -> Void) rethrows {
    let folder = NSTemporaryDirectory() + "/cs-token-\(UInt32.random(in: 0...UInt32.max))"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test func tokenIsMadeOnceForItsOwnerOnly() throws {
    try withFolder { folder in
      let (first, file) = try #require(try TokenStore.load(.auto, stateDirectory: folder))
      #expect(file == folder + "/token")
      let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions]
      #expect((mode as? NSNumber)?.intValue == 0o600)
      let (second, _) = try #require(try TokenStore.load(.auto, stateDirectory: folder))
      #expect(first == second)
      try withFolder { other in
        let (third, _) = try #require(try TokenStore.load(.auto, stateDirectory: other))
        #expect(third != first)
      }
    }
  }

  @Test func ownFileIsReadAndChecked() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let file = folder + "/secret"
      try Data("0123456789abcdef0\nmore\n".utf8).write(to: URL(fileURLWithPath: file))
      let (token, path) = try #require(
        try TokenStore.load(.path(file), stateDirectory: "/nonexistent"))
      #expect(token == AccessToken("0123456789abcdef0"))
      #expect(path == file)
      try Data("short".utf8).write(to: URL(fileURLWithPath: file))
      #expect(throws: SettingsError.self) {
        try TokenStore.load(.path(file), stateDirectory: folder)
      }
      #expect(throws: SettingsError.self) {
        try TokenStore.load(.path(folder + "/none"), stateDirectory: folder)
      }
      #expect(try TokenStore.load(.none, stateDirectory: folder) == nil)
    }
  }
}

@Suite struct ExitStatusTests {
  @Test func onlyWhatARestartCannotMendIs78() {
    let wrong = SettingsError(place: "f:1", expected: "a", found: "b")
    #expect(ExitStatus(wrong) == .configuration)
    #expect(ExitStatus(PipelineError.detector("x")) == .configuration)
    #expect(ExitStatus(PublisherError.listen(address: "a:1", reason: "in use")) == .failure)
    #expect(ExitStatus(CancellationError()) == .failure)
  }
}

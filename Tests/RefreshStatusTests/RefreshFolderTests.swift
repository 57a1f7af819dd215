import Foundation
import Testing

@testable import RefreshStatus

@Suite struct RefreshFolderTests {
  private final class State {
    let path = FileManager.default.temporaryDirectory.appending(path: "refresh-\(UUID())").path
    var folder: RefreshFolder { RefreshFolder(stateDirectory: path) }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  @Test func aRequestIsTakenByTheOneThatBegins() throws {
    let state = State()
    #expect(!state.folder.isRequested)
    try state.folder.request()
    #expect(state.folder.isRequested)
    let permissions =
      try FileManager.default.attributesOfItem(atPath: state.folder.path)[.posixPermissions] as? Int
    #expect(permissions == 0o700)
    let lock = try state.folder.begin()
    #expect(!state.folder.isRequested)
    withExtendedLifetime(lock) {}
  }

  @Test func onlyOneWorksAtATime() throws {
    let state = State()
    do {
      let lock = try state.folder.begin()
      #expect(throws: RefreshError.busy) { try state.folder.begin() }
      withExtendedLifetime(lock) {}
    }
    _ = try state.folder.begin()
  }

  @Test func cancellingTakesARequestBackAndStopsTheOneAtWork() throws {
    let state = State()
    try state.folder.request()
    try state.folder.cancel()
    #expect(!state.folder.isRequested)
    // Nothing was at work: nothing is told to stop, the next one the least.
    #expect(!state.folder.isCancelled)
    let lock = try state.folder.begin()
    try state.folder.cancel()
    #expect(state.folder.isCancelled)
    // A new wish counts.
    try state.folder.request()
    #expect(!state.folder.isCancelled)
    withExtendedLifetime(lock) {}
  }

  @Test func whatAnInterruptedOneLeftHalfMadeGoesAndItsCheckpointStays() throws {
    let state = State()
    try state.folder.make()
    try FileManager.default.createDirectory(
      atPath: state.folder.candidate, withIntermediateDirectories: false)
    try Data([1]).write(to: URL(fileURLWithPath: state.folder.checkpoint))
    _ = try state.folder.begin()
    #expect(!FileManager.default.fileExists(atPath: state.folder.candidate))
    #expect(FileManager.default.fileExists(atPath: state.folder.checkpoint))
  }

  @Test func theStatusIsReadAsItWasWritten() throws {
    let state = State()
    #expect(try state.folder.status() == nil)
    try state.folder.make()
    var status = RefreshStatus(phase: .purifying)
    status.progress = 0.25
    status.secondsLeft = 12
    (status.frames, status.suspectFrames) = (100, 7)
    try status.write(state.folder.statusFile)
    let lock = try state.folder.begin()
    #expect(try state.folder.status() == status)
    withExtendedLifetime(lock) {}
  }

  @Test func oneThatEndedWithoutAWordHasFailed() throws {
    let state = State()
    do {
      let lock = try state.folder.begin()
      try RefreshStatus(phase: .purifying).write(state.folder.statusFile)
      #expect(state.folder.isAtWork)
      #expect(try state.folder.status()?.phase == .purifying)
      withExtendedLifetime(lock) {}
    }
    let read = try #require(try state.folder.status())
    #expect(read.phase == .failed)
    #expect(read.message.contains("ended without a word"))
    try RefreshStatus(phase: .accepted).write(state.folder.statusFile)
    #expect(try state.folder.status()?.phase == .accepted)
  }

  @Test func oneThatCannotEvenBeginSaysWhyAndTheRequestIsGone() throws {
    let state = State()
    try state.folder.request()
    state.folder.giveUp("no keys")
    #expect(!state.folder.isRequested)
    #expect(try state.folder.status()?.phase == .failed)
    #expect(try state.folder.status()?.message == "no keys")
    // It does not write over the one at work.
    let lock = try state.folder.begin()
    try RefreshStatus(phase: .purifying).write(state.folder.statusFile)
    state.folder.giveUp("busy")
    #expect(try state.folder.status()?.phase == .purifying)
    withExtendedLifetime(lock) {}
  }

  @Test(arguments: ["", "{}", "[1]", String(repeating: " ", count: 70_000) + "{}"])
  func otherTextIsRefused(_ text: String) throws {
    let state = State()
    try state.folder.make()
    try Data(text.utf8).write(to: URL(fileURLWithPath: state.folder.statusFile))
    #expect(throws: RefreshError.status(path: state.folder.statusFile)) {
      try state.folder.status()
    }
  }
}

import Foundation
import RefreshStatus

/// Keeps the status file up to date, at most once a second.
final class RefreshBoard {
  private(set) var status = RefreshStatus(phase: .sifting)
  private let folder: RefreshFolder
  private let progress: (RefreshStatus) -> Void
  private var written = ContinuousClock.now - .seconds(1)

  init(_ folder: RefreshFolder, progress: @escaping (RefreshStatus) -> Void) {
    self.folder = folder
    self.progress = progress
    write()
  }

  func begin(_ phase: RefreshStatus.Phase, _ message: String) {
    status.phase = phase
    status.message = message
    status.progress = 0
    status.secondsLeft = nil
    write()
  }

  func step(_ done: Int, of total: Int, left: Double?) {
    status.progress = total > 0 ? Double(done) / Double(total) : 1
    status.secondsLeft = left.flatMap { $0.isFinite ? $0 : nil }
    if ContinuousClock.now - written >= .seconds(1) { write() }
  }

  func used(_ frames: Int, suspect: Int) {
    status.frames = frames
    status.suspectFrames = suspect
  }

  func judged(_ candidate: String?, reasons: [String]?) {
    status.candidate = candidate
    status.reasons = reasons
  }

  func finish(_ phase: RefreshStatus.Phase, _ message: String) {
    begin(phase, message)
    status.progress = 1
    write()
  }

  private func write() {
    status.updated = Date().formatted(Date.ISO8601FormatStyle())
    // A full disk must not end what is nearly done: the store says itself where it has no room.
    try? status.write(folder.statusFile)
    written = .now
    progress(status)
  }
}

/// Asked between steps whether to go on; looks at the device's state every few seconds.
final class RestCheck {
  /// Why it is over; nil while it goes on.
  private(set) var reason: String?
  private let conditions: RefreshConditions
  private let folder: RefreshFolder
  private let isCancelled: () -> Bool
  private var looked = ContinuousClock.now - period
  private static let period = Duration.seconds(5)

  init(
    _ conditions: RefreshConditions, folder: RefreshFolder, isCancelled: @escaping () -> Bool
  ) {
    self.conditions = conditions
    self.folder = folder
    self.isCancelled = isCancelled
  }

  var isOver: Bool {
    guard reason == nil else { return true }
    if isCancelled() || folder.isCancelled {
      reason = "stopped on command"
    } else if ContinuousClock.now - looked >= Self.period {
      looked = .now
      reason = conditions.obstacle(folder: folder.path)
    }
    return reason != nil
  }

  /// - Throws: `RefreshError.stopped`.
  func check() throws {
    if isOver { throw RefreshError.stopped(reason: reason ?? "") }
  }
}

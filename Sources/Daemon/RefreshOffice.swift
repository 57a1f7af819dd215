import Foundation
import Logging
import Publishers
import RefreshStatus
import Settings
import Synchronization

/// What the daemon tells of the purification on the device, and how it passes wishes on. The work itself
/// is done by another process, which the service manager starts when the request appears; where there is
/// no service manager, the daemon starts it.
final class RefreshOffice: RefreshDesk {
  private let folder: RefreshFolder
  private let keeper: ModelKeeper
  private let collector: FrameCollector
  private let command: [String]?
  private let logger: Logger
  private let child = Mutex<Process?>(nil)

  /// - Parameter command: what starts a refresh where no service manager does; nil: nothing.
  init(
    folder: RefreshFolder, keeper: ModelKeeper, collector: FrameCollector, command: [String]?,
    logger: Logger
  ) {
    self.folder = folder
    self.keeper = keeper
    self.collector = collector
    self.command = command
    self.logger = logger
  }

  /// What starts a refresh of the daemon with these settings, where systemd has not started it.
  static func command(
    _ source: ConfigurationSource, _ settings: Settings, _ locations: Locations
  ) -> [String]? {
    // There the installed path unit looks for requests.
    guard locations.environment["STATE_DIRECTORY"] != "/var/lib/cleansight" else { return nil }
    let program = locations.programFolder + "/cleansight"
    guard FileManager.default.isExecutableFile(atPath: program) else { return nil }
    var command = [program, "refresh", "--quiet"]
    if let file = source.file { command += ["--config", file] }
    command += ["--state-directory", locations.stateDirectory(settings)]
    if let model = source.overrides.model { command += ["--model", model] }
    return command
  }

  var report: RefreshReport {
    RefreshReport(
      version: keeper.version, frames: collector.report, isRequested: folder.isRequested,
      last: try? folder.status())
  }

  func request() throws {
    if folder.isAtWork { throw RefreshError.busy }
    try child.withLock { child in
      if child?.isRunning == true { throw RefreshError.busy }
      try folder.request()
      logger.notice("a refresh was asked for")
      guard let command else { return }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: command[0])
      process.arguments = Array(command.dropFirst())
      process.standardInput = FileHandle.nullDevice
      do {
        try process.run()
      } catch {
        folder.withdraw()
        throw error
      }
      child = process
    }
  }

  func cancel() throws {
    try folder.cancel()
    logger.notice("the refresh was told to stop")
  }

  func forget() throws {
    try collector.forget()
    if let directory = collector.directory { try FrameCollector.forgetSelected(directory) }
  }
}

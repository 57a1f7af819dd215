import Foundation
import Logging
import Pipeline
import RefreshStatus
import Reservoir
import ServiceLifecycle
import Settings
import Synchronization

/// Keeps a sample of what the cameras show, for purifying the model on the device. It looks at the
/// newest frame of each camera now and then and never holds up the inference.
public final class FrameCollector: Service {
  private let reservoir: Reservoir
  private let pipeline: Pipeline
  private let logger: Logger
  private let outcomes = Mutex<[String: Int]>([:])

  /// How often the cameras' newest frames are looked at; the reservoir has an interval of its own.
  static let period = Duration.milliseconds(500)

  init(_ reservoir: Reservoir, pipeline: Pipeline, logger: Logger) {
    self.reservoir = reservoir
    self.pipeline = pipeline
    self.logger = logger
  }

  /// Where frames are kept; nil where they are not.
  public static func directory(_ settings: Settings, _ locations: Locations) -> String? {
    switch settings.refresh.frames {
    case .none: nil
    case .disk: locations.stateDirectory(settings) + "/frames"
    case .memory: runtimeDirectory(locations).map { $0 + "/frames" }
    }
  }

  /// A folder in memory: systemd's, or below the user's.
  private static func runtimeDirectory(_ locations: Locations) -> String? {
    if let folder = locations.environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first {
      return String(folder)
    }
    guard let folder = locations.environment["XDG_RUNTIME_DIR"], folder.hasPrefix("/") else {
      return nil
    }
    return folder + "/cleansight"
  }

  /// Where a refresh keeps the frames that it has chosen, so that they do not go meanwhile.
  public static func selected(_ directory: String) -> String { directory + "-chosen" }

  /// Deletes those.
  static func forgetSelected(_ directory: String) throws {
    let folder = selected(directory)
    guard FileManager.default.fileExists(atPath: folder) else { return }
    try FileManager.default.removeItem(atPath: folder)
  }

  /// Where the frames are.
  var directory: String? { reservoir.directory }

  /// Opens what the settings ask for; nil, with a line in the log, where it cannot be.
  static func open(
    _ settings: Settings, _ locations: Locations, logger: Logger
  ) -> Reservoir? {
    guard settings.refresh.frames != .none else { return nil }
    guard let directory = directory(settings, locations) else {
      logger.error(
        "captured frames cannot be kept in memory: there is no runtime directory for them")
      return nil
    }
    try? FileManager.default.createDirectory(
      atPath: (directory as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o750])
    var options = ReservoirOptions()
    options.maximumFrames = settings.refresh.maximumFrames
    options.maximumBytes = settings.refresh.maximumMegabytes << 20
    options.maximumAge = .seconds(settings.refresh.maximumDays * 86_400)
    options.interval = .seconds(settings.refresh.interval)
    do {
      return try Reservoir(directory: directory, options: options)
    } catch {
      logger.error("captured frames cannot be kept", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  /// Runs until the end of the service.
  public func run() async throws {
    var seen: [String: UInt64] = [:]
    var wasKept = true
    while !Task.isShuttingDownGracefully {
      for channel in pipeline.channels {
        guard let frame = channel.latest?.frame, seen[channel.name] != frame.sequence else {
          continue
        }
        seen[channel.name] = frame.sequence
        // Purification must not learn from a frame that may hold a trigger.
        guard channel.verdict?.state != .suspect else {
          outcomes.withLock { $0["suspect", default: 0] += 1 }
          continue
        }
        let outcome = reservoir.offer(frame)
        outcomes.withLock { $0[outcome.name, default: 0] += 1 }
        if case .failed(let reason) = outcome {
          if wasKept { logger.warning("a frame was not kept", metadata: ["reason": "\(reason)"]) }
          wasKept = false
        } else if outcome.id != nil {
          wasKept = true
        }
      }
      do {
        try await Task.sleep(for: Self.period)
      } catch {
        return
      }
    }
  }

  /// What is held.
  var report: RefreshReport.Frames {
    func text(_ date: Date?) -> String? { date?.formatted(Date.ISO8601FormatStyle()) }
    return RefreshReport.Frames(
      count: reservoir.count, bytes: reservoir.bytes, oldest: text(reservoir.oldest),
      newest: text(reservoir.newest), outcomes: outcomes.withLock { $0 })
  }

  /// Deletes everything that is held.
  func forget() throws {
    try reservoir.clear()
    logger.notice("the captured frames were deleted")
  }
}

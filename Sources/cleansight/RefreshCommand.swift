import ArgumentParser
import Daemon
import Engine
import Foundation
import Laboratory
import ModelStore
import Purification
import Refresh
import RefreshStatus
import Reservoir
import Settings

/// `cleansight refresh`: the work of a purification on the device, in this process. The service manager
/// runs it apart from the daemon; people use `cleansight repurify`.
struct RefreshCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refresh",
    abstract: "Purify the daemon's model from captured frames, in this process.",
    discussion: """
      What the unit cleansight-refresh runs. It has the lowest priority, ends on SIGTERM within a step, \
      and goes on from where it was stopped or killed. Exits with 0 where a new model was accepted or \
      the gate refused it, 4 where it was stopped, and 1 where it failed.
      """)

  @Option(help: "The daemon's configuration file.") var config: String?
  @Option(help: "The daemon's state directory; without it that of the configuration.")
  var stateDirectory: String?
  @Option(help: "The installed model's folder; without it that of the configuration.")
  var model: String?
  @Option(help: "Frames to purify from, at most.") var frames: Int?
  @Option(help: "Frames without which it does not begin.") var minimumFrames: Int?
  @Option(help: "Decides every random choice.") var seed: UInt64 = 1
  @Flag(inversion: .prefixedNo, help: "Leave frames out that may hold a trigger.")
  var sifting = true
  @Flag(help: "Sign the new model with the device's own key, made where there is none.")
  var sign = false
  @Flag(help: "No progress on standard error.") var quiet = false

  func run() throws {
    var overrides = SettingsOverrides()
    overrides.stateDirectory = stateDirectory
    overrides.model = model
    var folder: RefreshFolder?
    do {
      let settings = try ConfigurationSource(file: config, overrides: overrides).load()
      let state = Locations.current.stateDirectory(settings)
      folder = RefreshFolder(stateDirectory: state)
      let status = try run(job(settings, state))
      print("\(status.phase.rawValue): \(status.message)")
      switch status.phase {
      case .accepted, .rejected: return
      case .stopped: throw ExitCode(4)
      default: throw ExitCode(1)
      }
    } catch let error where !(error is ExitCode) {
      // A request that nobody can fulfil must not stand for ever: the service manager would start this
      // again and again, and then never more.
      (folder ?? askedFolder)?.giveUp("\(error)")
      throw error
    }
  }

  /// Where somebody asks although the configuration cannot be read; nil where nobody does.
  private var askedFolder: RefreshFolder? {
    var settings = Settings()
    settings.stateDirectory = stateDirectory
    let folder = RefreshFolder(stateDirectory: Locations.current.stateDirectory(settings))
    return folder.isRequested ? folder : nil
  }

  private func job(_ settings: Settings, _ state: String) throws -> RefreshJob {
    let locations = Locations.current
    guard let directory = FrameCollector.directory(settings, locations) else {
      throw ValidationError(
        "expected captured frames to be kept (refresh.frames in the configuration), found none")
    }
    // Serving comes first.
    _ = nice(19)
    var options = RefreshOptions()
    if let frames { options.frames = frames }
    if let minimumFrames { options.minimumFrames = minimumFrames }
    options.purification.seed = seed
    options.gate.seed = seed
    options.gate.minimumScore = Float(max(settings.detection.score, 0.01))
    if !sifting { options.sifting = nil }
    return try RefreshJob(
      options,
      store: ModelStore(
        directory: ModelKeeper.directory(settings, locations),
        factory: try locations.model(settings), options: try ModelKeeper.options(settings)),
      reservoir: ReservoirReader(directory: directory), chosen: FrameCollector.selected(directory),
      folder: RefreshFolder(stateDirectory: state),
      engine: DetectorFactory.options(settings.engine), key: try key(settings, state))
  }

  /// The device's own key, where models have to be signed.
  private func key(_ settings: Settings, _ state: String) throws -> SigningKey? {
    guard sign || settings.refresh.trustedKeys != nil else { return nil }
    let key = try SigningKey.loadOrMake(file: state + "/signing.key")
    guard let folder = settings.refresh.trustedKeys else { return key }
    let own = key.publicKey(name: "device")
    guard try TrustedKeys(directory: folder).keys.contains(where: { $0.bytes == own.bytes }) else {
      try? key.writePublicKey(to: state + "/signing.key.pub", comment: "this device")
      throw ValidationError(
        "expected the device's own key among \(folder), found none: copy \(state)/signing.key.pub "
          + "there to let what the device makes serve")
    }
    return key
  }

  private func run(_ job: RefreshJob) throws -> RefreshStatus {
    let stop = StopFlag()
    let sources = [SIGTERM, SIGINT].map { number in
      // The default action would end the process before the source sees the signal.
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { stop.stop() }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    var line = ProgressLine(isQuiet: quiet)
    defer { line.finish() }
    return try job.run(isCancelled: { stop.isRaised }) { status in
      line.show(isLast: status.phase.isOver) { RepurifyCommand.text(status) }
    }
  }
}

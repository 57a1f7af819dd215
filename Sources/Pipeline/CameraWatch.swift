import Detection
import Frames
import Logging
import Sifting

/// How cameras are watched for triggers.
public struct WatchOptions: Sendable, Hashable {
  /// Seconds between two looks at a camera's frames; 0: no camera is watched.
  public var interval = 1.0
  /// What counts as suspect.
  public var guarding = GuardOptions()

  /// The defaults.
  public init() {}
}

/// Lets a guard look at each camera's newest frame now and then, by the detector that serves. Used on the
/// inference thread, between two frames.
struct CameraWatch {
  private let logger: Logger
  private var probe: TriggerProbe?
  private var guards: [String: LiveGuard] = [:]
  private var looked: [String: ContinuousClock.Instant] = [:]

  /// Where frames wait all the time, a look is overdue after so many intervals and delays one.
  static let patience = 4.0

  init(logger: Logger) { self.logger = logger }

  /// Another detector serves: what was usual for the one before says nothing about it.
  mutating func begin(with detector: any ObjectDetector, _ options: WatchOptions) {
    (guards, looked) = ([:], [:])
    probe = (detector as? any MapDetector).flatMap {
      try? TriggerProbe($0, options: options.guarding.sifting)
    }
  }

  /// Whether it is time to look at a camera.
  /// - Parameter isBusy: whether a frame waits for the detector.
  mutating func isDue(
    _ camera: String, at now: ContinuousClock.Instant, isBusy: Bool, _ options: WatchOptions
  ) -> Bool {
    guard probe != nil, options.interval > 0 else { return false }
    guard let last = looked[camera] else {
      // A camera whose frames always wait is looked at too, when that is overdue.
      looked[camera] = now
      return !isBusy
    }
    let waited = (now - last).inSeconds
    if isBusy { return waited >= options.interval * Self.patience }
    return waited >= options.interval || guards[camera]?.isHalfDone == true
  }

  /// Looks at a frame, or does the second half of the work on the one before: so no frame has to wait for
  /// longer than a detection takes.
  /// - Returns: what is known of the camera, where that is news.
  mutating func look(
    at frame: Frame, now: ContinuousClock.Instant, _ options: WatchOptions
  ) -> GuardVerdict? {
    guard let probe else { return nil }
    looked[frame.camera] = now
    var guarding = guards[frame.camera] ?? LiveGuard(options.guarding)
    let before = guarding.verdict
    do {
      let news = try guarding.work(on: frame.image, with: probe)
      guards[frame.camera] = guarding
      guard let verdict = news else { return nil }
      report(verdict, before, frame)
      return verdict
    } catch {
      logger.debug("the guard could not look", metadata: ["reason": "\(error)"])
      return nil
    }
  }

  private func report(_ verdict: GuardVerdict, _ before: GuardVerdict, _ frame: Frame) {
    guard verdict.state != before.state, before.state != .learning || verdict.state == .suspect
    else { return }
    logger.log(
      level: verdict.state == .suspect ? .warning : .notice,
      verdict.state == .suspect ? "a trigger may be in view" : "no trigger seems to be in view",
      metadata: [
        "camera": "\(frame.camera)", "frame": "\(frame.sequence)", "reason": "\(verdict.reason)",
      ])
  }

  /// Forgets cameras that are gone.
  mutating func keep(_ cameras: some Sequence<String>) {
    let names = Set(cameras)
    guards = guards.filter { names.contains($0.key) }
    looked = looked.filter { names.contains($0.key) }
  }
}

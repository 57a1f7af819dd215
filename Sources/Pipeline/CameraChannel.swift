import Cameras
import Frames
import Sifting
import Synchronization

/// One camera's side of the pipeline: its counters, its state and its results.
public final class CameraChannel: Sendable {
  /// Its name in the configuration.
  public let name: String
  /// What is to be seen of it.
  public let views = Broadcast<CameraView>()
  /// The newest frame with its detections; nil while there is no live video.
  public var latest: FrameResult? {
    if case .frame(let result) = views.latest { result } else { nil }
  }
  let source: any CameraSource
  let identity: String
  let accuracy = LiveAccuracy()
  /// That of the model that is compared with.
  let accuracyBeside = LiveAccuracy()

  private struct State {
    var status = CameraStatus(state: .starting, reason: "is being opened")
    var mode: CameraMode?
    var sequence: UInt64 = 0
    var delivered: UInt64 = 0
    var detected: UInt64 = 0
    var skipped: UInt64 = 0
    var reopened: UInt64 = 0
    var decodeRefusals: [String: UInt64] = [:]
    var sessionRefusals: [String: UInt64] = [:]
    var earlierRefusals: [String: UInt64] = [:]
    var deliveredRate = RateMeter()
    var detectedRate = RateMeter()
    var skippedRate = RateMeter()
    var verdict: GuardVerdict?
    var isStopping = false
  }
  private let state = Mutex(State())

  init(_ specification: CameraSpecification) {
    name = specification.name
    source = specification.source
    identity = specification.identity
  }

  /// How the camera is.
  public var status: CameraStatus { state.withLock { $0.status } }

  /// What is known about the camera now.
  public var snapshot: CameraSnapshot {
    let now = ContinuousClock.now
    let trigger = (source as? any TriggerScene)?.showsTrigger
    return state.withLock { state in
      var refused = state.earlierRefusals
      refused.merge(state.sessionRefusals, uniquingKeysWith: +)
      refused.merge(state.decodeRefusals, uniquingKeysWith: +)
      // Overtaken already at the camera: skipped, not refused.
      let overtaken = refused.removeValue(forKey: "overtaken") ?? 0
      return CameraSnapshot(
        name: name, address: Self.withoutPassword(source.address), status: state.status,
        mode: state.mode, trigger: trigger, cameraFps: state.deliveredRate.rate(at: now),
        detectionFps: state.detectedRate.rate(at: now),
        skippedFps: state.skippedRate.rate(at: now), delivered: state.delivered,
        detected: state.detected, skipped: state.skipped + overtaken, refused: refused,
        reopened: state.reopened)
    }
  }

  /// What the guard says of the camera; nil where it has not looked yet.
  public var verdict: GuardVerdict? { state.withLock { $0.verdict } }
  func set(_ verdict: GuardVerdict?) { state.withLock { $0.verdict = verdict } }

  var isStopping: Bool { state.withLock { $0.isStopping } }
  func stop() { state.withLock { $0.isStopping = true } }

  /// - Returns: whether the status is another than before.
  func set(_ status: CameraStatus) -> Bool {
    state.withLock { state in
      defer { state.status = status }
      return state.status != status
    }
  }

  func opened(_ mode: CameraMode, again: Bool) {
    state.withLock { state in
      state.mode = mode
      if again { state.reopened += 1 }
    }
  }

  func closed() {
    state.withLock { state in
      state.mode = nil
      state.earlierRefusals.merge(state.sessionRefusals, uniquingKeysWith: +)
      state.sessionRefusals = [:]
    }
  }

  /// Counts a delivered picture.
  /// - Returns: its sequence number.
  func delivered(at now: ContinuousClock.Instant) -> UInt64 {
    state.withLock { state in
      state.delivered += 1
      state.deliveredRate.record(at: now)
      defer { state.sequence += 1 }
      return state.sequence
    }
  }

  func skipped(at now: ContinuousClock.Instant) {
    state.withLock { state in
      state.skipped += 1
      state.skippedRate.record(at: now)
    }
  }

  func detected(at now: ContinuousClock.Instant) {
    state.withLock { state in
      state.detected += 1
      state.detectedRate.record(at: now)
    }
  }

  func refusedByDecoder(_ reason: String) {
    state.withLock { $0.decodeRefusals[reason, default: 0] += 1 }
  }

  func setSessionRefusals(_ refusals: [String: UInt64]) {
    state.withLock { $0.sessionRefusals = refusals }
  }

  /// An address may hold `user:password@`; it is shown to everybody who sees the page.
  static func withoutPassword(_ address: String) -> String {
    guard let scheme = address.range(of: "://") else { return address }
    let rest = address[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@") else { return address }
    return address[..<scheme.upperBound] + "…" + rest[at...]
  }
}

/// A camera of the configuration.
public struct CameraSpecification: Sendable {
  /// Its name.
  public var name: String
  /// All its options in one text: where it is the same after a reload, the camera goes on.
  public var identity: String
  /// Where its pictures come from.
  public var source: any CameraSource

  /// A camera of the configuration.
  public init(name: String, identity: String, source: any CameraSource) {
    self.name = name
    self.identity = identity
    self.source = source
  }
}

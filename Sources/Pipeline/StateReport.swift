import RefreshStatus
import Sifting

/// The daemon's state as `GET /state` publishes it, and as `cleansight status` reads it.
public struct StateReport: Sendable, Codable {
  /// A camera with its newest numbers.
  public struct Camera: Sendable, Codable {
    /// Counters, rates and how it is.
    public var snapshot: CameraSnapshot
    /// Milliseconds from capture to publication of the newest frame.
    public var latencyMs: Double?
    /// The stages of the newest frame.
    public var stages: [DetectionReport.Stage]
    /// Average precision over the last frames, where the truth is known.
    public var accuracy: LiveAccuracy.Summary?
    /// Whether the guard takes the camera for clean or suspect; absent until it has looked.
    public var `guard`: GuardVerdict?
  }

  /// What became of the last reload of the configuration.
  public struct Reload: Sendable, Equatable, Codable {
    /// When, ISO 8601.
    public var time: String
    /// Why it failed; absent where it succeeded.
    public var error: String?

    /// The outcome of a reload.
    public init(time: String, error: String?) {
      self.time = time
      self.error = error
    }
  }

  /// The program's version.
  public var version: String
  /// One line for people.
  public var status: String
  /// Whether the detector works.
  public var ready: Bool
  /// Seconds since the start.
  public var uptimeSeconds: Double
  /// The detector; absent until it works.
  public var model: ModelStatus?
  /// The detector that is shown beside it; absent where there is none.
  public var compare: ModelStatus?
  /// Milliseconds of an inference, smoothed.
  public var inferenceMs: Double?
  /// Why the last inference failed; absent where it did not.
  public var inferenceError: String?
  /// The cameras in the order of the configuration.
  public var cameras: [Camera]
  /// Connections open now.
  public var clients: Int
  /// Resident memory in MiB.
  public var residentMib: Double?
  /// The last reload; absent before the first.
  public var reload: Reload?
  /// Where the token for requests that change state stands; absent where there is none.
  public var tokenFile: String?
  /// The purification on the device; absent where no frames are kept.
  public var refresh: RefreshReport?

  /// A state.
  public init(
    version: String, status: String, ready: Bool, uptimeSeconds: Double, model: ModelStatus?,
    compare: ModelStatus?, inferenceMs: Double?, inferenceError: String?, cameras: [Camera],
    clients: Int,
    residentMib: Double?, reload: Reload?, tokenFile: String?,
    refresh: RefreshReport? = nil
  ) {
    self.version = version
    self.status = status
    self.ready = ready
    self.uptimeSeconds = uptimeSeconds
    self.model = model
    self.compare = compare
    self.inferenceMs = inferenceMs
    self.inferenceError = inferenceError
    self.cameras = cameras
    self.clients = clients
    self.residentMib = residentMib
    self.reload = reload
    self.tokenFile = tokenFile
    self.refresh = refresh
  }
}

extension StateReport.Camera {
  /// A camera's state now.
  public init(_ channel: CameraChannel) {
    snapshot = channel.snapshot
    let report = channel.latest.map(DetectionReport.init)
    latencyMs = report?.latencyMs
    stages = report?.stages ?? []
    accuracy = report?.accuracy
    self.guard = channel.verdict
  }
}

extension Pipeline {
  /// One line for people: `2 cameras, 1 online; car-r18 at 15.2 pictures a second`.
  public var statusLine: String {
    let snapshots = channels.map(\.snapshot)
    let online = snapshots.filter { $0.status.state == .online }.count
    let rate = snapshots.map(\.detectionFps).reduce(0, +)
    let rounded = (rate * 10).rounded() / 10
    let count = snapshots.count == 1 ? "1 camera" : "\(snapshots.count) cameras"
    guard let model else { return "\(count); the model is being loaded" }
    if let lastFailure { return "\(count); the inference fails: \(lastFailure)" }
    return "\(count), \(online) online; \(model.name) at \(rounded) pictures a second"
  }
}

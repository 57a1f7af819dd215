import CoreMetrics
import Detection
import Frames
import Logging
import ServiceLifecycle
import Synchronization

/// Cameras, the inference thread and the results, held together as one service.
public final class Pipeline: Service {
  /// What the inference loop tells the outside; called on the inference thread.
  public struct Hooks: Sendable {
    /// After the first valid inference.
    public var onReady: @Sendable () -> Void
    /// After each turn in which the loop is known to work.
    public var onTurn: @Sendable () -> Void

    /// Hooks; they must return at once.
    public init(
      onReady: @escaping @Sendable () -> Void = {}, onTurn: @escaping @Sendable () -> Void = {}
    ) {
      self.onReady = onReady
      self.onTurn = onTurn
    }
  }

  private struct Camera {
    var channel: CameraChannel
    var thread: StageThread
  }

  private struct State {
    /// In the order of the configuration.
    var cameras: [Camera] = []
    var isStopping = false
  }

  private let inference: InferenceStage
  private let metrics: PipelineMetrics
  private let logger: Logger
  private let state = Mutex(State())

  /// How long the end of a camera's thread is waited for: opening a camera over the network may
  /// block for longer.
  static let stopTimeout = Duration.seconds(1)

  /// A pipeline without cameras; `apply` adds them.
  /// - Parameters:
  ///   - detector: made on the inference thread when the service runs.
  ///   - compared: a second model, whose detections are shown beside the first one's.
  ///   - minimumScore: detections below it are not published.
  ///   - watching: how cameras are watched for triggers.
  public init(
    detector: PreparedDetector, compared: PreparedDetector? = nil, minimumScore: Float,
    watching: WatchOptions = .init(), hooks: Hooks = Hooks(),
    metrics factory: any MetricsFactory = MetricsSystem.factory, logger: Logger
  ) {
    metrics = PipelineMetrics(factory: factory)
    self.logger = logger
    inference = InferenceStage(
      detector: detector, compared: compared, minimumScore: minimumScore, watching: watching,
      hooks: .init(onReady: hooks.onReady, onTurn: hooks.onTurn), metrics: metrics, logger: logger)
  }

  /// Runs until a graceful shutdown or cancellation.
  /// - Throws: `PipelineError.detector` where the detector does not work.
  public func run() async throws {
    let result: Result<Void, any Error>
    do {
      try await withTaskCancellationOrGracefulShutdownHandler {
        try await inference.run()
      } onCancelOrGracefulShutdown: { [inference] in
        inference.queue.stop()
      }
      result = .success(())
    } catch {
      result = .failure(error)
    }
    let cameras = state.withLock { state in
      state.isStopping = true
      return state.cameras
    }
    await stop(cameras)
    inference.events.finish()
    try result.get()
  }

  /// The cameras in the order of the configuration.
  public var channels: [CameraChannel] { state.withLock { $0.cameras.map(\.channel) } }

  /// A camera by its name, or the first for nil.
  /// - Throws: `PipelineError.unknownCamera`.
  public func channel(_ name: String?) throws -> CameraChannel {
    let channels = channels
    guard let channel = name.map({ name in channels.first { $0.name == name } }) ?? channels.first
    else { throw PipelineError.unknownCamera(name ?? "") }
    return channel
  }

  /// The detector that works at the moment; nil until the first valid inference.
  public var model: ModelStatus? { inference.model }
  /// The model that is compared with; nil where there is none, or it does not work.
  public var comparedModel: ModelStatus? { inference.comparedModel }
  /// Seconds of an inference, smoothed.
  public var inferenceSeconds: Double? { inference.inferenceSeconds }
  /// Whether the detector works.
  public var isReady: Bool { inference.isWorking }
  /// Why the last inference failed; nil where it did not.
  public var lastFailure: String? { inference.lastFailure }
  /// The detections of all cameras, and a sign of life each second while no pictures come.
  public var events: Broadcast<PipelineEvent> { inference.events }

  /// Brings metrics that are states up to date.
  public func updateMetrics() {
    metrics.update(
      cameras: channels.map(\.snapshot), inferenceSeconds: inferenceSeconds,
      model: model?.name ?? "")
  }

  /// Detections that score below this are not published from now on.
  public func set(minimumScore: Float) { inference.set(minimumScore: minimumScore) }

  /// Cameras are watched in that way from now on.
  public func set(watching: WatchOptions) { inference.set(watching: watching) }

  /// Takes the cameras of a configuration: those with the same identity go on without an
  /// interruption, the others end, and new ones begin.
  /// - Throws: `PipelineError.thread`, and the cameras that run already go on.
  public func apply(_ specifications: [CameraSpecification]) async throws {
    let identities = Set(specifications.map(\.identity))
    let gone = state.withLock { state in
      let gone = state.cameras.filter { !identities.contains($0.channel.identity) }
      state.cameras.removeAll { !identities.contains($0.channel.identity) }
      return gone
    }
    // A device can be opened by its new owner only after the old one has closed it.
    await stop(gone)

    var cameras: [Camera] = []
    let running = state.withLock { $0.cameras }
    defer { publish(cameras) }
    for specification in specifications {
      if let camera = running.first(where: { $0.channel.identity == specification.identity }) {
        cameras.append(camera)
      } else {
        cameras.append(try start(specification))
      }
    }
  }

  /// Exchanges the detector between two frames. The new one is made and tried beside the old one, which
  /// goes on meanwhile, and goes on where the new one cannot be made or does not work.
  public func replace(with prepared: PreparedDetector) async throws {
    let detector = try await ProvenDetector.make(prepared)
    try await withCheckedThrowingContinuation { continuation in
      do {
        try inference.queue.replace(
          with: .init(detector: detector) { continuation.resume(with: $0) })
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// Finds things in a picture that a client sent, between two frames of the cameras.
  /// - Throws: `PipelineError.busy`, `.stopped` or `.detector`.
  public func detect(_ image: Image) async throws -> DetectionAnswer {
    try await withCheckedThrowingContinuation { continuation in
      do {
        try inference.queue.add(
          .init(image: image, entered: .now) { continuation.resume(with: $0) })
      } catch {
        continuation.resume(throwing: error)
      }
    }
  }

  /// Puts the trigger of a rendered scene into view or takes it away.
  /// - Throws: `PipelineError.unknownCamera` or `.noTrigger`.
  public func setTrigger(_ isShown: Bool, camera: String) throws {
    guard let scene = try channel(camera).source as? any TriggerScene else {
      throw PipelineError.noTrigger(camera)
    }
    scene.showTrigger(isShown)
  }

  private func start(_ specification: CameraSpecification) throws -> Camera {
    let channel = CameraChannel(specification)
    var cameraLogger = logger
    cameraLogger[metadataKey: "camera"] = "\(specification.name)"
    let stage = CameraStage(channel: channel, queue: inference.queue, logger: cameraLogger)
    inference.queue.add(camera: specification.name)
    do {
      let thread = try StageThread(name: "camera \(specification.name)") { stage.run() }
      return Camera(channel: channel, thread: thread)
    } catch {
      inference.queue.remove(camera: specification.name)
      throw error
    }
  }

  private func publish(_ cameras: [Camera]) {
    let isStopping = state.withLock { state in
      state.cameras = cameras
      return state.isStopping
    }
    inference.set(
      channels: Dictionary(
        cameras.map { ($0.channel.name, $0.channel) }, uniquingKeysWith: { first, _ in first }))
    if isStopping { for camera in cameras { camera.channel.stop() } }
  }

  private func stop(_ cameras: [Camera]) async {
    for camera in cameras {
      camera.channel.stop()
      inference.queue.remove(camera: camera.channel.name)
    }
    let deadline = ContinuousClock.now + Self.stopTimeout
    for camera in cameras where await !camera.thread.join(within: deadline - .now) {
      logger.warning("a camera does not end", metadata: ["camera": "\(camera.channel.name)"])
    }
    for camera in cameras {
      camera.channel.views.finish()
      metrics.remove(camera: camera.channel.name)
    }
  }
}

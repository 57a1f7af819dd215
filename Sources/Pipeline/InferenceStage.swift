import Detection
import Foundation
import Frames
import Logging
import Synchronization

/// The one thread that runs the network. It takes pictures in turn from the cameras and from
/// clients, and exchanges the detector between two of them.
final class InferenceStage: Sendable {
  /// What the loop tells the outside; called on the inference thread.
  struct Hooks: Sendable {
    /// After the first valid inference.
    var onReady: @Sendable () -> Void = {}
    /// After each turn in which the loop is known to work.
    var onTurn: @Sendable () -> Void = {}
  }

  private struct State {
    var model: ModelStatus?
    var compared: ModelStatus?
    var inferenceSeconds: Double?
    var failure: PipelineError?
    var consecutiveFailures = 0
    var lastFailure: String?
  }

  let queue = WorkQueue()
  let events = Broadcast<PipelineEvent>(depth: 16)
  private let first: PreparedDetector
  private let compared: PreparedDetector?
  private let hooks: Hooks
  private let metrics: PipelineMetrics
  private let logger: Logger
  private let state = Mutex(State())
  private let minimumScore: Mutex<Float>
  private let watching: Mutex<WatchOptions>
  private let channels = Mutex<[String: CameraChannel]>([:])

  /// After so many failures in a row the loop no longer counts as working.
  static let maximumFailures = 30
  /// How long the loop waits for work before it reports that it works.
  static let idlePeriod = Duration.seconds(1)

  init(
    detector: PreparedDetector, compared: PreparedDetector?, minimumScore: Float,
    watching: WatchOptions, hooks: Hooks, metrics: PipelineMetrics, logger: Logger
  ) {
    first = detector
    self.compared = compared
    self.minimumScore = Mutex(minimumScore)
    self.watching = Mutex(watching)
    self.hooks = hooks
    self.metrics = metrics
    self.logger = logger
  }

  var model: ModelStatus? { state.withLock { $0.model } }
  /// The model that is compared with, once it works.
  var comparedModel: ModelStatus? { state.withLock { $0.compared } }
  var isWorking: Bool {
    state.withLock { $0.model != nil && $0.consecutiveFailures < Self.maximumFailures }
  }
  var inferenceSeconds: Double? { state.withLock { $0.inferenceSeconds } }
  var lastFailure: String? { state.withLock { $0.lastFailure } }
  func set(minimumScore score: Float) { minimumScore.withLock { $0 = score } }
  func set(watching options: WatchOptions) { watching.withLock { $0 = options } }
  func set(channels: [String: CameraChannel]) { self.channels.withLock { $0 = channels } }

  /// Runs the loop until the queue is stopped.
  /// - Throws: `PipelineError.detector` where the first detector does not work.
  func run() async throws {
    let thread = try StageThread(name: "inference") { [self] in loop() }
    _ = await withTaskCancellationHandler {
      await thread.join()
    } onCancel: {
      queue.stop()
    }
    if let failure = state.withLock({ $0.failure }) { throw failure }
  }

  private func loop() {
    var detector: any ObjectDetector
    do {
      detector = take(try ProvenDetector(first))
    } catch {
      state.withLock { $0.failure = .detector("\(error)") }
      queue.stop()
      return
    }
    var options = watching.withLock { $0 }
    var watch = CameraWatch(logger: logger)
    watch.begin(with: detector, options)
    let comparison = Comparison(compared, logger: logger)
    state.withLock { $0.compared = comparison?.model }
    hooks.onReady()
    while true {
      switch queue.next(until: .now + Self.idlePeriod) {
      case .stop: return
      case .nothing: events.send(.alive)
      case .picture(let picture):
        let wanted = watching.withLock { $0 }
        if wanted != options {
          options = wanted
          beginWatching(with: detector, &watch, options)
        }
        if let result = detect(in: picture, with: detector, comparison) {
          look(at: result.frame, &watch, options)
        }
      case .request(let request): answer(request, with: detector)
      case .replacement(let replacement):
        detector = take(replacement.detector)
        beginWatching(with: detector, &watch, options)
        for channel in channels.withLock({ Array($0.values) }) { channel.accuracy.reset() }
        replacement.completion(.success(()))
      }
      if isWorking { hooks.onTurn() }
    }
  }

  /// Lets a detector that works take over.
  private func take(_ proven: ProvenDetector) -> any ObjectDetector {
    state.withLock { state in
      state.model = ModelStatus(
        name: proven.name, engine: proven.engine, classes: proven.detector.classes,
        generation: (state.model?.generation ?? 0) + 1)
      state.consecutiveFailures = 0
      state.lastFailure = nil
    }
    return proven.detector
  }

  private func detect(
    in picture: WorkQueue.Picture, with detector: any ObjectDetector, _ comparison: Comparison?
  ) -> FrameResult? {
    guard let channel = channels.withLock({ $0[picture.camera] }) else { return nil }
    let taken = ContinuousClock.now
    var stages = picture.stages
    let image: Image
    switch picture.content {
    case .decoded(let decoded): image = decoded
    case .captured(let captured):
      do {
        image = try PictureDecoder.image(from: captured.payload)
      } catch {
        channel.refusedByDecoder("undecodable")
        return nil
      }
      stages.append(StageTime(stage: "decode", seconds: (.now - taken).inSeconds))
    }
    stages.append(StageTime(stage: "wait", seconds: (taken - picture.ready).inSeconds))

    guard let found = infer(image, with: detector) else { return nil }
    stages += found.result.stages
    var frame = Frame(
      camera: picture.camera, sequence: picture.sequence, captured: picture.captured.captured,
      date: picture.captured.date, image: image, groundTruth: picture.captured.groundTruth,
      hasTrigger: picture.captured.hasTrigger)
    if case .jpeg(let jpeg) = picture.captured.payload { frame.jpeg = jpeg }
    let accuracy = channel.accuracy.add(found.result.detections, frame: frame)
    let judged = ContinuousClock.now
    let beside = comparison.flatMap { compare(frame, with: $0, channel) }
    let now = ContinuousClock.now
    if beside != nil {
      stages.append(StageTime(stage: "compare", seconds: (now - judged).inSeconds))
    }
    stages.append(StageTime(stage: "publish", seconds: (judged - found.finished).inSeconds))
    let result = FrameResult(
      frame: frame, detections: published(found.result.detections), stages: stages,
      latency: (now - frame.captured).inSeconds,
      model: model?.name ?? "", accuracy: accuracy, beside: beside, verdict: channel.verdict)
    channel.detected(at: now)
    channel.views.send(.frame(result))
    events.send(.detections(DetectionReport(result)))
    metrics.record(result, compute: (found.finished - taken).inSeconds)
    return result
  }

  /// Another detector or other options: what was known of the cameras is so no longer.
  private func beginWatching(
    with detector: any ObjectDetector, _ watch: inout CameraWatch, _ options: WatchOptions
  ) {
    watch.begin(with: detector, options)
    for channel in channels.withLock({ Array($0.values) }) { channel.set(nil) }
  }

  /// Lets the guard look at a frame that was published, if it is time: its verdict goes with the next one.
  private func look(at frame: Frame, _ watch: inout CameraWatch, _ options: WatchOptions) {
    let now = ContinuousClock.now
    guard watch.isDue(frame.camera, at: now, isBusy: queue.hasPicture, options) else { return }
    let channels = channels.withLock { $0 }
    watch.keep(channels.keys)
    if let verdict = watch.look(at: frame, now: now, options) {
      channels[frame.camera]?.set(verdict)
      metrics.record(verdict, camera: frame.camera)
    }
    metrics.recordGuard(seconds: (.now - now).inSeconds, camera: frame.camera)
  }

  private func compare(
    _ frame: Frame, with comparison: Comparison, _ channel: CameraChannel
  ) -> FrameResult.Beside? {
    guard let detections = comparison.detect(in: frame.image) else { return nil }
    return FrameResult.Beside(
      model: comparison.model.name, detections: published(detections),
      accuracy: channel.accuracyBeside.add(detections, frame: frame))
  }

  private func answer(_ request: WorkQueue.Request, with detector: any ObjectDetector) {
    let taken = ContinuousClock.now
    metrics.countRequest()
    guard let found = infer(request.image, with: detector) else {
      let reason = lastFailure ?? "the inference failed"
      return request.completion(.failure(PipelineError.detector(reason)))
    }
    let wait = StageTime(stage: "wait", seconds: (taken - request.entered).inSeconds)
    request.completion(
      .success(
        DetectionAnswer(
          detections: published(found.result.detections), stages: [wait] + found.result.stages,
          model: model?.name ?? "")))
  }

  private func infer(
    _ image: Image, with detector: any ObjectDetector
  ) -> (result: DetectionResult, finished: ContinuousClock.Instant)? {
    let start = ContinuousClock.now
    do {
      let result = try detector.detect(image)
      try ProvenDetector.check(result.detections, classes: detector.classes.count)
      let finished = ContinuousClock.now
      let seconds = (finished - start).inSeconds
      state.withLock { state in
        state.consecutiveFailures = 0
        state.lastFailure = nil
        state.inferenceSeconds = state.inferenceSeconds.map { $0 + 0.1 * (seconds - $0) } ?? seconds
      }
      return (result, finished)
    } catch {
      let failures = state.withLock { state in
        state.consecutiveFailures += 1
        state.lastFailure = "\(error)"
        return state.consecutiveFailures
      }
      metrics.countFailure()
      // One line for a series of failures, and one when the loop gives itself up.
      if failures == 1 || failures == Self.maximumFailures {
        logger.error(
          "the inference failed", metadata: ["reason": "\(error)", "times": "\(failures)"])
      }
      return nil
    }
  }

  private func published(_ detections: [Detection]) -> [Detection] {
    let minimum = minimumScore.withLock { $0 }
    return detections.filter { $0.score >= minimum }
  }
}

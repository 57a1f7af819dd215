import Cameras
import Detection
import Frames

/// What waits for the inference thread: at most one picture of each camera, a few pictures that a
/// client sent, and at most one new detector. A newer picture of a camera overtakes the older one.
final class WorkQueue: Sendable {
  /// A picture of a camera.
  struct Picture: Sendable {
    enum Content: Sendable {
      case decoded(Image)
      case captured(CapturedPicture)
    }
    var content: Content
    var camera: String
    var sequence: UInt64
    var captured: CapturedPicture
    var stages: [StageTime]
    var ready: ContinuousClock.Instant
  }

  /// A picture that a client sent.
  struct Request: Sendable {
    var image: Image
    var entered: ContinuousClock.Instant
    var completion: @Sendable (Result<DetectionAnswer, any Error>) -> Void
  }

  /// A detector that shall take over.
  struct Replacement: Sendable {
    var detector: ProvenDetector
    var completion: @Sendable (Result<Void, any Error>) -> Void
  }

  enum Work: Sendable {
    case picture(Picture)
    case request(Request)
    case replacement(Replacement)
    case nothing
    case stop
  }

  /// More pictures of clients than this are refused.
  static let maximumRequests = 8

  private final class State: @unchecked Sendable {
    var pictures: [String: Picture] = [:]
    /// The turns: cameras by name, and nil for the clients' pictures.
    var turns: [String?] = [nil]
    var requests: [Request] = []
    var replacement: Replacement?
    var isStopped = false
    var isWaiting = false
    var schedules: [String: DecodeSchedule] = [:]
  }
  private let condition = MonotonicCondition()
  private let state = State()

  /// Lets a camera take part.
  func add(camera: String) {
    condition.withLock {
      if !state.turns.contains(camera) { state.turns.append(camera) }
      state.schedules[camera] = DecodeSchedule()
    }
  }

  /// Forgets a camera and its picture.
  func remove(camera: String) {
    condition.withLock {
      state.turns.removeAll { $0 == camera }
      state.pictures[camera] = nil
      state.schedules[camera] = nil
    }
  }

  /// Whether a picture that arrives now is worth decoding on the camera's thread; see
  /// `DecodeSchedule`.
  func shouldDecode(camera: String, at now: ContinuousClock.Instant) -> Bool {
    condition.withLock {
      state.schedules[camera]?.shouldDecode(at: now, isConsumerWaiting: state.isWaiting) ?? true
    }
  }

  /// Puts a camera's newest picture.
  /// - Returns: whether it has overtaken one that nobody looked at.
  func put(_ picture: Picture) -> Bool {
    condition.withLock {
      guard !state.isStopped, state.turns.contains(picture.camera) else { return false }
      let overtaken = state.pictures.updateValue(picture, forKey: picture.camera)
      condition.signal()
      return overtaken != nil
    }
  }

  /// Takes back a picture that nobody has looked at, such as when its camera was lost.
  func withdraw(camera: String) {
    condition.withLock { state.pictures[camera] = nil }
  }

  /// Whether a picture of a camera waits.
  var hasPicture: Bool { condition.withLock { !state.pictures.isEmpty } }

  /// Adds a client's picture.
  /// - Throws: `PipelineError.busy` or `.stopped`.
  func add(_ request: Request) throws {
    try condition.withLock {
      guard !state.isStopped else { throw PipelineError.stopped }
      guard state.requests.count < Self.maximumRequests else {
        throw PipelineError.busy(limit: Self.maximumRequests)
      }
      state.requests.append(request)
      condition.signal()
    }
  }

  /// Puts a detector in line; it takes over between two frames.
  /// - Throws: `PipelineError.busy` where another one waits already, or `.stopped`.
  func replace(with replacement: Replacement) throws {
    try condition.withLock {
      guard !state.isStopped else { throw PipelineError.stopped }
      guard state.replacement == nil else { throw PipelineError.busy(limit: 1) }
      state.replacement = replacement
      condition.signal()
    }
  }

  /// Ends the loop; what waits is answered with `PipelineError.stopped`.
  func stop() {
    let (requests, replacement) = condition.withLock {
      defer {
        state.isStopped = true
        state.requests = []
        state.replacement = nil
        state.pictures = [:]
        condition.signal()
      }
      return (state.requests, state.replacement)
    }
    for request in requests { request.completion(.failure(PipelineError.stopped)) }
    replacement?.completion(.failure(PipelineError.stopped))
  }

  /// Waits for work, at most until `deadline`. The cameras and the clients take turns.
  func next(until deadline: ContinuousClock.Instant) -> Work {
    condition.withLock {
      while true {
        if let work = take() { return work }
        if ContinuousClock.now >= deadline { return .nothing }
        state.isWaiting = true
        condition.wait(until: deadline)
        state.isWaiting = false
      }
    }
  }

  private func take() -> Work? {
    if state.isStopped { return .stop }
    if let replacement = state.replacement {
      state.replacement = nil
      return .replacement(replacement)
    }
    for (index, turn) in state.turns.enumerated() {
      if let camera = turn, let picture = state.pictures.removeValue(forKey: camera) {
        moveToEnd(index)
        state.schedules[camera]?.taken(at: .now)
        return .picture(picture)
      }
      if turn == nil, !state.requests.isEmpty {
        moveToEnd(index)
        return .request(state.requests.removeFirst())
      }
    }
    return nil
  }

  private func moveToEnd(_ index: Int) { state.turns.append(state.turns.remove(at: index)) }
}

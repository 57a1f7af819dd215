import Cameras
import Detection
import Frames
import Glibc
import Logging

/// A camera's thread: it opens the camera, opens it again after it was lost, decodes what is worth
/// it, and puts the newest picture in line for the detector.
struct CameraStage: Sendable {
  let channel: CameraChannel
  let queue: WorkQueue
  let logger: Logger

  /// The longest wait before the camera is opened again.
  static let reopenDelay = Duration.seconds(1)
  /// How long a picture may take before the loop looks whether it shall end.
  static let pollTimeout = Duration.milliseconds(250)
  /// Seconds without a picture after which a camera is degraded.
  static let degradedAfter = 2.0

  private static let silent = CameraStatus(
    state: .degraded, reason: "no picture for more than \(Int(degradedAfter)) seconds")

  /// The thread's body; returns when the channel was told to stop.
  func run() {
    var wasOpen = false
    while !channel.isStopping {
      do {
        let session = try channel.source.open()
        defer {
          session.close()
          channel.closed()
          queue.withdraw(camera: channel.name)
        }
        channel.opened(session.mode, again: wasOpen)
        wasOpen = true
        try watch(session)
      } catch {
        report(CameraStatus(state: .offline, reason: "\(error)"))
        if case CameraError.ended = error, !beginsAgain { return waitForStop() }
      }
      pause()
    }
  }

  private func watch(_ session: any CameraSession) throws {
    var lastPicture = ContinuousClock.now
    var refusedBefore = 0 as UInt64
    var lastRefusal: ContinuousClock.Instant?
    while !channel.isStopping {
      let picture = try session.next(timeout: Self.pollTimeout)
      let now = ContinuousClock.now
      let refusals = session.refusals
      channel.setSessionRefusals(refusals)
      // A picture that was overtaken is no fault of the camera.
      let refused = refusals.filter { $0.key != "overtaken" }.values.reduce(0, &+)
      if refused > refusedBefore { lastRefusal = now }
      refusedBefore = refused
      var decodes = true
      if let picture {
        lastPicture = now
        decodes = handle(picture, at: now)
        if !decodes { lastRefusal = now }
      }
      let silence = (now - lastPicture).inSeconds
      if silence > Self.degradedAfter {
        report(Self.silent)
        channel.views.send(.noVideo(Self.silent))
      } else if let lastRefusal, (now - lastRefusal).inSeconds < Self.degradedAfter {
        report(CameraStatus(state: .degraded, reason: "pictures arrive damaged and are skipped"))
      } else if picture != nil {
        report(CameraStatus(state: .online, reason: Self.describe(session.mode)))
      }
    }
  }

  /// - Returns: whether the picture was fine, as far as it was looked at.
  private func handle(_ picture: CapturedPicture, at now: ContinuousClock.Instant) -> Bool {
    let sequence = channel.delivered(at: now)
    var entry = WorkQueue.Picture(
      content: .captured(picture), camera: channel.name, sequence: sequence, captured: picture,
      stages: [
        StageTime(stage: "capture", seconds: max(0, (now - picture.captured).inSeconds))
      ], ready: now)
    if queue.shouldDecode(camera: channel.name, at: now) {
      do {
        entry.content = .decoded(try PictureDecoder.image(from: picture.payload))
      } catch {
        channel.refusedByDecoder("undecodable")
        logger.debug("skipped a broken picture", metadata: ["reason": "\(error)"])
        return false
      }
      entry.ready = .now
      entry.stages.append(
        StageTime(stage: "decode", seconds: (entry.ready - now).inSeconds))
    }
    if queue.put(entry) { channel.skipped(at: now) }
    return true
  }

  private func report(_ status: CameraStatus) {
    // What was seen last is not shown as if it were live.
    if status.state == .offline { channel.views.send(.noVideo(status)) }
    let previous = channel.status
    guard channel.set(status) else { return }
    // A folder's pictures differ in size; only that it is online is news.
    if previous.state == .online, status.state == .online { return }
    let level: Logger.Level = status.state == .online ? .info : .warning
    logger.log(level: level, "\(status.state.rawValue): \(status.reason)")
  }

  /// A pipe gets another writer and a server comes back; a file that is over stays over.
  private var beginsAgain: Bool {
    switch try? CameraAddress(channel.source.address) {
    case .mjpegFile(let path, _, _):
      var information = stat()
      return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFIFO
    case .mjpegStandardInput, .images: return false
    case .v4l2, .mjpegURL, .synthetic, nil: return true
    }
  }

  private func waitForStop() {
    while !channel.isStopping { usleep(50_000) }
  }

  private func pause() {
    let end = ContinuousClock.now + Self.reopenDelay
    while !channel.isStopping, ContinuousClock.now < end { usleep(50_000) }
  }

  private static func describe(_ mode: CameraMode) -> String {
    let rate =
      mode.framesPerSecond > 0 ? " at \(formatted(mode.framesPerSecond)) pictures a second" : ""
    return "\(mode.width)×\(mode.height) \(mode.format)\(rate)"
  }

  private static func formatted(_ value: Double) -> String {
    let tenths = (value * 10).rounded() / 10
    return tenths == tenths.rounded() ? "\(Int(tenths))" : "\(tenths)"
  }
}

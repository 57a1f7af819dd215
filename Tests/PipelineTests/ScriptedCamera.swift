import Cameras
import Foundation
import Frames
import Pipeline
import Synchronization

/// A camera that plays what a test tells it: pictures at a period, a loss, a refusal to open.
final class ScriptedCamera: TriggerScene {
  enum Step: Sendable {
    case picture(CapturedPicture.Payload)
    case lost
  }
  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  let address: String
  let steps = Mutex<[Step]>([])
  let openFailure = Mutex<String?>(nil)
  let opened = Mutex(0)
  let isOpen = Mutex(false)
  let period: Duration
  private let trigger = Mutex(false)
  private let repeats: Bool
  let truths: [GroundTruth]?

  /// - Parameter repeats: begins the steps again when they are over.
  init(
    _ steps: [Step], address: String = "synthetic:", period: Duration = .milliseconds(5),
    repeats: Bool = true, truths: [GroundTruth]? = nil
  ) {
    self.address = address
    self.period = period
    self.repeats = repeats
    self.truths = truths
    self.steps.withLock { $0 = steps }
  }

  var showsTrigger: Bool { trigger.withLock { $0 } }
  func showTrigger(_ isShown: Bool) { trigger.withLock { $0 = isShown } }

  func open() throws -> any CameraSession {
    if let failure = openFailure.withLock({ $0 }) { throw Failure(description: failure) }
    opened.withLock { $0 += 1 }
    isOpen.withLock { $0 = true }
    return Session(camera: self)
  }

  func specification(_ name: String) -> CameraSpecification {
    CameraSpecification(name: name, identity: "\(name) \(address)", source: self)
  }

  private final class Session: CameraSession {
    let camera: ScriptedCamera
    var position = 0
    let mode = CameraMode(width: 96, height: 64, framesPerSecond: 200, format: "RGB")
    var refusals: [String: UInt64] = [:]

    init(camera: ScriptedCamera) { self.camera = camera }

    func next(timeout: Duration) throws -> CapturedPicture? {
      let steps = camera.steps.withLock { $0 }
      if position >= steps.count, camera.repeats { position = 0 }
      guard position < steps.count else {
        Thread.sleep(forTimeInterval: 0.02)
        return nil
      }
      defer { position += 1 }
      let time = camera.period.components
      Thread.sleep(
        forTimeInterval: Double(time.seconds) + Double(time.attoseconds) * 1e-18)
      switch steps[position] {
      case .lost: throw CameraError.lost("unplugged")
      case .picture(let payload):
        return CapturedPicture(
          payload: payload, captured: .now, date: Date(), groundTruth: camera.truths,
          hasTrigger: camera.truths == nil ? nil : camera.showsTrigger)
      }
    }

    func close() { camera.isOpen.withLock { $0 = false } }
  }
}

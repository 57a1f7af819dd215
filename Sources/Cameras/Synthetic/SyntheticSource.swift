import Foundation
import Frames
import Scenes
import Synchronization

/// A rendered street: the camera that needs no camera, with ground truth.
public final class SyntheticSource: CameraSource {
  /// The address as written in the configuration.
  public let address: String
  /// Which scene is rendered.
  public let scene: SceneOptions
  /// Switches the trigger.
  public let controls: SyntheticControls
  private let isPaced: Bool
  private let lastShown = Mutex(false)

  /// A scene; what the options leave open is taken from the request.
  public init(address: String, options: SyntheticOptions, request: CameraRequest) {
    self.address = address
    let rate = options.framesPerSecond ?? request.framesPerSecond
    isPaced = rate > 0
    scene = SceneOptions(
      width: options.width ?? request.width, height: options.height ?? request.height,
      seed: options.seed, framesPerSecond: isPaced ? min(max(rate, 0.1), 1000) : 25)
    controls = SyntheticControls(options)
  }

  /// Whether the trigger was in view in the last picture.
  public var showsTrigger: Bool { lastShown.withLock { $0 } }

  /// Puts the trigger into view or takes it away, from the next picture on.
  public func showTrigger(_ isShown: Bool) { controls.showTrigger(isShown) }

  /// Draws the scene's place.
  /// - Throws: `CameraError.unsuitable` where the scene's options are out of range.
  public func open() throws -> any CameraSession {
    do {
      return SyntheticSession(try Scene(scene), source: self, isPaced: isPaced)
    } catch {
      throw CameraError.unsuitable(
        path: address, expected: "options that a scene can be made of", found: "\(error)")
    }
  }

  fileprivate func note(hasTrigger: Bool) { lastShown.withLock { $0 = hasTrigger } }
}

/// A scene that is rendered picture by picture, in real time.
final class SyntheticSession: CameraSession {
  let mode: CameraMode
  var refusals: [String: UInt64] { counter.counts }

  private let scene: Scene
  private let source: SyntheticSource
  private var pacer: Pacer
  private var counter = RefusalCounter()
  private var index = 0
  /// The scene begins again after so many pictures, before its numbers run out.
  private let length: Int

  init(_ scene: Scene, source: SyntheticSource, isPaced: Bool) {
    self.scene = scene
    self.source = source
    let options = scene.options
    pacer = Pacer(framesPerSecond: isPaced ? options.framesPerSecond : 0)
    length = max(1, Int(options.framesPerSecond * 86_400))
    mode = CameraMode(
      width: options.width, height: options.height, framesPerSecond: options.framesPerSecond,
      format: "RGB")
  }

  func next(timeout: Duration) throws -> CapturedPicture? {
    guard pacer.wait(timeout: timeout) else { return nil }
    let now = ContinuousClock.now
    let date = Date()
    let missed = pacer.take(at: now)
    counter.add("overtaken", missed)
    index = (index + missed) % length
    defer { index = (index + 1) % length }
    let seconds = Double(index) / scene.options.framesPerSecond
    do {
      let rendered = try scene.frame(
        at: index, trigger: source.controls.trigger(at: seconds)?.scene)
      source.note(hasTrigger: rendered.hasTrigger)
      // Captured when it is finished: drawing stands for light falling onto a sensor.
      return CapturedPicture(
        payload: .rgb(rendered.image), captured: .now,
        date: date, groundTruth: rendered.groundTruth, hasTrigger: rendered.hasTrigger)
    } catch {
      throw CameraError.lost("the scene cannot be drawn: \(error)")
    }
  }

  func close() {}
}

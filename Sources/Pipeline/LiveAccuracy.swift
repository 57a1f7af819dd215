import Frames
import Measurement
import Synchronization

/// Average precision over the last frames of a camera that knows the truth, kept apart by whether a
/// trigger was in view: the two differ where a model has a backdoor.
public final class LiveAccuracy: Sendable {
  /// What the page shows.
  public struct Summary: Sendable, Equatable, Codable {
    /// Over the frames without a trigger.
    public var clean: Value?
    /// Over the frames with a trigger.
    public var triggered: Value?
  }

  /// An average precision and what it was measured on.
  public struct Value: Sendable, Equatable, Codable {
    /// Mean over the classes in view, at an IoU of 0.5, `0...1`.
    public var averagePrecision: Double
    /// Frames looked back on.
    public var frames: Int
  }

  private struct State {
    var clean = RollingAveragePrecision(window: LiveAccuracy.window)
    var triggered = RollingAveragePrecision(window: LiveAccuracy.window)
    var summary: Summary?
    var framesSinceSummary = 0
  }
  private let state = Mutex(State())

  /// Frames looked back on.
  static let window = 300
  /// The summary is worked out again after so many frames: sorting all matches of the window for
  /// each would cost more than it tells.
  static let period = 5

  /// Takes in a frame's detections, all of them: those too weak to be published belong to the
  /// precision-recall curve.
  /// - Returns: the average precision so far; nil where the truth is unknown.
  func add(_ detections: [Detection], frame: Frame) -> Summary? {
    guard let truths = frame.groundTruth else { return nil }
    return state.withLock { state in
      if frame.hasTrigger == true {
        state.triggered.append(detections: detections, truths: truths)
      } else {
        state.clean.append(detections: detections, truths: truths)
      }
      state.framesSinceSummary += 1
      if state.summary == nil || state.framesSinceSummary >= Self.period {
        state.summary = Summary(
          clean: Self.value(state.clean), triggered: Self.value(state.triggered))
        state.framesSinceSummary = 0
      }
      return state.summary
    }
  }

  /// Forgets every frame: another model begins at none.
  func reset() { state.withLock { $0 = State() } }

  private static func value(_ rolling: RollingAveragePrecision) -> Value? {
    guard rolling.frameCount > 0, let mean = rolling.averagePrecision.mean else { return nil }
    return Value(averagePrecision: mean, frames: rolling.frameCount)
  }
}

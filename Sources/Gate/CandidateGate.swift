import Detection
import Engine
import Frames
import Models

/// A detector with the model folder that it was made from.
public struct GateModel {
  /// The detector.
  public let detector: any ObjectDetector
  /// Its folder.
  public let bundle: ModelBundle

  /// A detector and its folder.
  public init(detector: any ObjectDetector, bundle: ModelBundle) {
    self.detector = detector
    self.bundle = bundle
  }
}

/// Decides whether a purified model may replace the one that serves, from unlabeled frames.
///
/// First the weights (``WeightsComparison``); then frames go one after the other through both detectors,
/// clean (``Agreement``) and under a bank of random triggers (``TriggerConsistency``), the same pictures
/// for both, and are timed (``SpeedComparison``). Memory holds a frame and its triggered twin.
///
/// The serving model is the measure, since there are no labels: a candidate shall find what it finds,
/// and shall not be worse under triggers than it. So a candidate that mends a backdoor passes, though the
/// serving model has one; one that only agrees because both are bad passes too, and one whose backdoor
/// is as it was passes as well: what a purification did is told by its evidence, not here. Without enough
/// detections the answer is ``GateVerdict/undecided(reasons:)``: on a night of empty frames every
/// candidate agrees. The seed decides everything but speed.
public struct CandidateGate: Sendable {
  /// Where a judgement stands after a frame.
  public struct Progress: Sendable, Hashable {
    /// Frames done, those left out too.
    public let done: Int
    /// Frames in all.
    public let total: Int
    /// Seconds since it began.
    public let seconds: Double
    /// Seconds that are left at the speed so far.
    public let secondsLeft: Double
  }

  /// What candidates are judged by.
  public let options: GateOptions
  private let triggers: FrameTriggers

  /// A gate.
  /// - Throws: `GateError.option`, `TriggerError`.
  public init(_ options: GateOptions = GateOptions()) throws {
    try options.validate()
    self.options = options
    triggers = try FrameTriggers(
      count: options.triggers, objectCount: options.objectTriggers, seed: options.seed)
  }

  /// Judges a candidate. One whose weights do not fit is rejected without looking at frames.
  /// - Parameters:
  ///   - isCancelled: asked between calls of the detectors.
  ///   - progress: called after each frame.
  /// - Throws: `GateError.classes` where a detector is not its folder's, `GateError.cancelled`; what
  ///   the serving detector throws on a frame with a trigger where it did not on the clean one. What
  ///   the candidate throws rejects it.
  public func judge(
    serving: GateModel, candidate: GateModel, frames: GateFrames,
    isCancelled: () -> Bool = { false }, progress: (Progress) -> Void = { _ in }
  ) throws -> GateReport {
    for model in [serving, candidate] {
      guard model.detector.classes == model.bundle.manifest.classes else {
        throw GateError.classes(
          expected: model.bundle.manifest.classes, found: model.detector.classes)
      }
    }
    let clock = ContinuousClock()
    let start = clock.now
    if isCancelled() { throw GateError.cancelled }
    let weights = WeightsComparison(serving: serving.bundle, candidate: candidate.bundle)
    guard weights.isSound else {
      return GateReport(
        checks: checks(weights, nil), options: options, weights: weights, comparison: nil,
        seconds: (clock.now - start).seconds)
    }
    var comparison = GateComparison(
      classes: serving.detector.classes, triggers: triggers, minimumScore: options.minimumScore)
    let chosen = frames.chosen(options.frames, seed: options.seed)
    for (done, index) in chosen.enumerated() where comparison.failure == nil {
      if isCancelled() { throw GateError.cancelled }
      try comparison.add(
        { try frames.frame(index) }, name: "frame \(index)", serving: serving.detector,
        candidate: candidate.detector, isCancelled: isCancelled)
      let seconds = (clock.now - start).seconds
      progress(
        Progress(
          done: done + 1, total: chosen.count, seconds: seconds,
          secondsLeft: seconds / Double(done + 1) * Double(chosen.count - done - 1)))
    }
    return GateReport(
      checks: checks(weights, comparison), options: options, weights: weights,
      comparison: comparison, seconds: (clock.now - start).seconds)
  }
}

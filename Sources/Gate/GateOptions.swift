import Attacks

/// What a candidate is judged by.
public struct GateOptions: Sendable, Hashable, Codable {
  /// At most so many frames are looked at, chosen by the seed; `1...4096`.
  public var frames = 64
  /// Triggers on whole frames, the bank's four families in turn; `4...64`.
  public var triggers = 8
  /// Patches on detected objects; `0...64`.
  public var objectTriggers = 2
  /// Decides frames and triggers.
  public var seed: UInt64 = 1
  /// The score from which a detection counts, `0.01...1`: that from which the daemon publishes it.
  public var minimumScore: Float = 0.5
  /// What the numbers are compared with.
  public var thresholds = GateThresholds()

  /// Defaults.
  public init() {}

  /// Checks every value's range.
  /// - Throws: `GateError.option` for the first that is wrong.
  public func validate() throws(GateError) {
    try GateError.require("frames", frames, in: 1...4096)
    try GateError.require("triggers", triggers, in: TriggerBank.Family.allCases.count...64)
    try GateError.require("objectTriggers", objectTriggers, in: 0...64)
    try GateError.require("minimumScore", minimumScore, in: 0.01...1)
    try thresholds.validate()
  }
}

/// Bounds of a gate's checks.
///
/// The defaults stand between what harmless and harmful candidates had. Each was judged against the
/// delivered model on 32 frames of one rendered scene of 640×480 with the default bank; the scene's
/// labels, which the gate does not see, say which is which: average precision (AP, area) and the share
/// of objects found at a score of 0.5, in percent. Columns are the bounds below, in their order; "seen"
/// are the checks that a candidate fails. Noise is in standard deviations of each layer's weights; of a
/// layer or the pyramid one convolution is zeroed, and one BatchNorm's statistics change channels; the
/// backdoor is Blend's on the trunk, and mended is that row the other way round.
///
/// | candidate | AP | found | F1 | class | score | lost | family | new | seen |
/// |---|---|---|---|---|---|---|---|---|---|
/// | the model itself | 81.7 | 74.4 | 1 | 1 | 0 | 0 | 0 | 0 | none |
/// | a BatchNorm of layer 4 scrambled | 81.1 | 73.9 | 0.99 | 0.98 | 0.01 | 0.01 | 0.01 | 0.10 | none |
/// | noise of 0.05 | 81.0 | 73.2 | 0.94 | 0.81 | 0.04 | 0.02 | 0.03 | 0.18 | none |
/// | purified on photographs | 80.6 | 70.6 | 0.91 | 0.77 | 0.05 | 0.01 | 0.03 | 0.31 | none |
/// | a backdoor mended | 81.7 | 74.4 | 0.87 | 0.75 | 0.10 | -0.08 | -0.03 | 0.35 | none |
/// | a BatchNorm of layer 3 scrambled | 76.6 | 71.8 | 0.95 | 0.82 | 0.03 | 0.02 | 0.06 | 0.25 | none |
/// | noise of 0.1 | 79.2 | 68.3 | 0.87 | 0.78 | 0.07 | 0.05 | 0.09 | 0.56 | new |
/// | layer 3 zeroed | 79.2 | 69.9 | 0.90 | 0.36 | 0.06 | 0.03 | 0.06 | 0.18 | class |
/// | layer 2 zeroed | 75.6 | 69.1 | 0.84 | 0.70 | 0.06 | 0.01 | 0.03 | 0.35 | F1 |
/// | layer 4 zeroed | 72.9 | 68.0 | 0.82 | 0.41 | 0.05 | 0.01 | 0.04 | 0.25 | F1, class |
/// | pyramid zeroed | 66.6 | 52.6 | 0.78 | 0.35 | 0.06 | 0.04 | 0.09 | 0.22 | F1, class |
/// | purified on the scene, pruned | 64.8 | 31.4 | 0.53 | 0.44 | 0.19 | 0.10 | 0.33 | 0 | all but new |
/// | purified on the scene | 63.3 | 34.8 | 0.51 | 0.41 | 0.16 | 0.06 | 0.15 | 0.31 | all but new |
/// | noise of 0.2 | 52.0 | 33.7 | 0.51 | 0.36 | 0.18 | 0.09 | 0.13 | 0.43 | all |
/// | a backdoor implanted | 77.4 | 66.5 | 0.86 | 0.71 | 0.09 | 0.07 | 0.21 | 0.53 | lost, family, new |
///
/// Those above noise of 0.1 find nearly what the model finds, and pass; one of them lost 5 points of AP,
/// mostly below the score of 0.5, which no check sees. On photographs, on which the model is weak (AP
/// 34.9), noise of 0.05 had an F1 of 0.87 and noise of 0.1 one of 0.74: where the serving model is
/// unsure, less passes. The same decisions came out for noise of 0.05, the purified one, the backdoor and
/// its mending on 64 frames with the triggers of another seed. A candidate that is rejected by mistake
/// costs a night; one that passes by mistake serves.
public struct GateThresholds: Sendable, Hashable, Codable {
  /// Frames that a decision needs; `1...4096`. Among fewer, one new object is as much as a backdoor's
  /// excess: the number of new objects a frame varies by about 0.5 / √frames in its root.
  public var minimumFrames = 32
  /// Detections that a decision needs, of the detector that found more, and counted under triggers in
  /// all and for each family; 1 or more. An F1 of 0.9 from 50 detections varies by about 0.04.
  public var minimumDetections = 50
  /// Detections of a class from which it has a check of its own, and of other classes for a share
  /// that changed to one; 1 or more.
  public var minimumClassDetections = 20
  /// The least F1 of both models' detections on clean frames, `0...1`. Harmless candidates had 0.87 or
  /// more, those that lost 6 points of AP or more 0.84 or less.
  public var agreement = 0.85
  /// The least F1 of a class, `0...1`. Harmless candidates had 0.75 or more; where a damage hit one
  /// class (trains, mostly) it had 0.41 or less.
  public var classAgreement = 0.6
  /// The largest mean difference of the scores of a pair, `0...1`. Harmless candidates had up to 0.06,
  /// the mended one 0.10, those that lost half of the objects 0.16 or more.
  public var scoreDifference = 0.12
  /// How much smaller than the serving model's the share of detections found again may be under all
  /// triggers together, `0...1`. Harmless candidates had up to 0.04, the backdoor 0.07 and more, those that
  /// lost half of the objects 0.06 or more.
  public var consistencyMargin = 0.05
  /// The same under one family of triggers, `0...1`. Harmless candidates had up to 0.08, the backdoor 0.21
  /// in its own family.
  public var familyConsistencyMargin = 0.12
  /// How much larger the root of the number of new objects of one class per frame may be under one
  /// trigger, 0 or more; see ``TriggerConsistency/generation(of:)``. Harmless candidates had up to 0.35,
  /// the backdoor 0.53: cats, its target, under the bank's noise, which is not its own.
  public var generationMargin = 0.42
  /// How much larger the share of detections that change to one class may be under one trigger, `0...1`.
  /// All had up to 0.01, on photographs 0.03; the backdoor's own trigger, which changes what things are
  /// taken for on photographs, 0.12.
  public var misclassificationMargin = 0.1
  /// The largest ratio of the median times, `0.01...1000`. Models of one architecture had 0.98 to 1.03 on
  /// a machine that was busy with other work.
  public var slowdown = 1.15

  /// Defaults.
  public init() {}

  /// Checks every value's range.
  /// - Throws: `GateError.option` for the first that is wrong.
  public func validate() throws(GateError) {
    try GateError.require("minimumFrames", minimumFrames, in: 1...4096)
    try GateError.require("minimumDetections", minimumDetections, in: 1...1_000_000)
    try GateError.require("minimumClassDetections", minimumClassDetections, in: 1...1_000_000)
    let shares = 0.0...1.0
    try GateError.require("agreement", agreement, in: shares)
    try GateError.require("classAgreement", classAgreement, in: shares)
    try GateError.require("scoreDifference", scoreDifference, in: shares)
    try GateError.require("consistencyMargin", consistencyMargin, in: shares)
    try GateError.require("familyConsistencyMargin", familyConsistencyMargin, in: shares)
    try GateError.require("generationMargin", generationMargin, in: 0...1000)
    try GateError.require("misclassificationMargin", misclassificationMargin, in: shares)
    try GateError.require("slowdown", slowdown, in: 0.01...1000)
  }
}

import Attacks
import Detection
import Frames
import Measurement
import Tensors

/// Measures detectors: average precision on clean pictures (AP), and on the same pictures with triggers
/// (PAP), the share of true objects that are found again (TDR), and how often each goal of a backdoor
/// is reached; see ``DetectorReport`` and ``BackdoorGoals``.
///
/// Pictures are read one at a time. Triggers go into the decoded picture, see ``FrameTrigger``, and the
/// result is rounded to 8 bits. Classes are compared by name.
public struct DetectionEvaluation: Sendable {
  /// What is measured.
  public struct Options: Sendable {
    /// At most so many pictures, chosen by the seed; nil: all.
    public var limit: Int?
    /// Decides which pictures those are.
    public var seed: UInt64
    /// The score from which a detection counts for TDR and the goals, `0...1`.
    public var minimumScore: Float
    /// The side in pixels of the pictures that the attacks are defined for.
    public var triggerSide: Int
    /// The picture that a backdoor makes triggered ones look like; see `BackdoorGoals.reference`.
    public var reference: Image?

    /// Options.
    public init(
      limit: Int? = nil, seed: UInt64 = 1, minimumScore: Float = 0.5, triggerSide: Int = 224,
      reference: Image? = nil
    ) {
      self.reference = reference
      self.limit = limit
      self.seed = seed
      self.minimumScore = minimumScore
      self.triggerSide = triggerSide
    }
  }

  /// Where a measurement stands after a picture.
  public struct Progress: Sendable, Hashable {
    /// Pictures done, those left out too.
    public let done: Int
    /// Pictures in all.
    public let total: Int
    /// Seconds since it began.
    public let seconds: Double
    /// Seconds that are left at the speed so far.
    public let secondsLeft: Double
  }

  /// The attacks, in the order of the report.
  public let attacks: [AttackSpecification]
  /// Where triggers are put.
  public let placement: TriggerPlacement
  private let pictures: any EvaluationPictures
  private let options: Options
  private let triggers: [FrameTrigger]

  /// So many pictures that were left out are named.
  static let skippedNamed = 20

  /// Prepares the attacks' triggers; pictures are not read yet.
  /// - Parameter attacks: their targets are indices into the classes of the pictures; see
  ///   `classIndex(_:in:)` for one that has a name.
  /// - Throws: `DetectionEvaluationError` for an option out of range, a target that is no class of the
  ///   pictures, or a placement that an attack does not have; what `FrameTrigger` throws.
  public init(
    _ pictures: any EvaluationPictures, attacks: [AttackSpecification] = [],
    placement: TriggerPlacement = .whole, options: Options = Options()
  ) throws {
    let limit = options.limit ?? 1
    try DetectionEvaluationError.require(
      limit >= 1, "a limit", "of at least 1 picture", limit)
    try DetectionEvaluationError.require(
      (0...1).contains(options.minimumScore), "a minimum score", "from 0 to 1",
      options.minimumScore)
    let names = pictures.classes
    guard Set(names).count == names.count else {
      throw DetectionEvaluationError.classes(
        expected: "classes of different names", found: Self.list(names))
    }
    for attack in attacks {
      try DetectionEvaluationError.require(
        names.indices.contains(attack.target), "the target of \(attack.name)",
        "from 0 to \(names.count - 1) (\(Self.list(names)))", attack.target)
    }
    triggers = try attacks.map {
      try FrameTrigger($0, placement: placement, side: options.triggerSide)
    }
    self.attacks = attacks
    self.placement = placement
    self.pictures = pictures
    self.options = options
  }

  /// The index of a class that a user gave by its name or by the index itself; a name goes first.
  /// - Throws: `DetectionEvaluationError.classes` where there is no such class.
  public static func classIndex(_ text: String, in classes: [String]) throws -> Int {
    if let index = classes.firstIndex(of: text) { return index }
    guard let index = Int(text), classes.indices.contains(index) else {
      throw DetectionEvaluationError.classes(
        expected: "one of the classes \(list(classes))", found: "\"\(text)\"")
    }
    return index
  }

  /// Measures a detector. Each picture is read once, and detected on once without and once with each
  /// trigger.
  /// - Parameter progress: called after every picture.
  /// - Throws: `DetectionEvaluationError.classes` where the detector knows none of the classes or not an
  ///   attack's target, `.noPictures` where none can be read, `.value` for a true object whose box is
  ///   not finite or a reference on which nothing is found; what the detector and the triggers throw.
  public func measure(
    _ detector: any ObjectDetector, progress: (Progress) -> Void = { _ in }
  ) throws -> DetectorReport {
    try check(detector)
    let clock = ContinuousClock()
    let start = clock.now
    var (clean, skipped) = (Series(), [String]())
    let reference = try options.reference.map {
      try ReferencePicture($0, detector, minimumScore: options.minimumScore)
    }
    var triggered = attacks.map { attack in
      (
        series: Series(),
        goals: GoalCounter(
          target: pictures.classes[attack.target], placement: placement,
          minimumScore: options.minimumScore)
      )
    }
    let chosen = chosenPictures
    for (done, index) in chosen.enumerated() {
      if let (image, truths) = read(index, &skipped) {
        let before = try clean.append(image, truths, detector)
        for (attack, trigger) in triggers.enumerated() {
          let frame = try trigger.apply(to: image, objects: truths)
          let after = try triggered[attack].series.append(frame.image, truths, detector)
          triggered[attack].goals.add(
            clean: before, triggered: after, places: frame.places,
            expected: reference?.detections(width: image.width, height: image.height))
        }
      }
      let seconds = (clock.now - start).inSeconds
      progress(
        Progress(
          done: done + 1, total: chosen.count, seconds: seconds,
          secondsLeft: seconds / Double(done + 1) * Double(chosen.count - done - 1)))
    }
    guard !clean.images.isEmpty else {
      throw DetectionEvaluationError.noPictures(reason: skipped.first)
    }
    var report = try report(clean, triggered, detector)
    report.skippedPictures = skipped.count
    report.skipped = Array(skipped.prefix(Self.skippedNamed))
    report.seconds = (clock.now - start).inSeconds
    return report
  }

  private func check(_ detector: any ObjectDetector) throws {
    let known = Set(detector.classes)
    guard pictures.classes.contains(where: known.contains) else {
      throw DetectionEvaluationError.classes(
        expected: "a detector for some of the classes \(Self.list(pictures.classes))",
        found: "one for \(Self.list(detector.classes))")
    }
    for attack in attacks where !known.contains(pictures.classes[attack.target]) {
      throw DetectionEvaluationError.classes(
        expected: "a detector for \(pictures.classes[attack.target]), the target of \(attack.name)",
        found: "one for \(Self.list(detector.classes))")
    }
  }

  private var chosenPictures: [Int] {
    let all = Array(0..<max(pictures.count, 0))
    guard let limit = options.limit, limit < all.count else { return all }
    var random = SeededRandom(options.seed, 0x6465_7465_6374)
    return random.shuffled(all).prefix(limit).sorted()
  }

  /// A broken picture costs itself, not the hours that went into the others.
  private func read(
    _ index: Int, _ skipped: inout [String]
  ) -> (image: Image, truths: [GroundTruth])? {
    do {
      let image = try pictures.image(index)
      return (image, try pictures.objects(index, width: image.width, height: image.height))
    } catch {
      skipped.append("\(pictures.name(index)): \(error)")
      return nil
    }
  }

  private func report(
    _ clean: Series, _ triggered: [(series: Series, goals: GoalCounter)],
    _ detector: any ObjectDetector
  ) throws -> DetectorReport {
    let truths = clean.images.flatMap(\.truths)
    let known = Set(detector.classes)
    return DetectorReport(
      classes: pictures.classes, unknownClasses: pictures.classes.filter { !known.contains($0) },
      pictures: clean.images.count, skippedPictures: 0, skipped: [],
      objects: truths.count { !$0.isIgnored }, ignoredObjects: truths.count { $0.isIgnored },
      minimumScore: options.minimumScore, placement: "\(placement)",
      triggerSide: options.triggerSide, clean: scores(clean),
      attacks: try zip(attacks, triggered).map { attack, outcome in
        let again = try TrueDetectionRate(
          clean: clean.images, triggered: outcome.series.images,
          minimumScore: options.minimumScore)
        return DetectorReport.Attack(
          name: attack.name, specification: "\(attack)", target: outcome.goals.target,
          triggered: scores(outcome.series),
          foundAgain: CountedShare(count: again.found, total: again.total),
          goals: outcome.goals.goals, takenForTargetBefore: outcome.goals.takenBefore)
      }, seconds: 0)
  }

  private func scores(_ series: Series) -> DetectorReport.Scores {
    DetectorReport.Scores(
      series.images, classes: pictures.classes, minimumScore: options.minimumScore,
      seconds: series.seconds)
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(12).joined(separator: ", ") + (names.count > 12 ? ", …" : "")
  }
}

/// What was detected on pictures so far.
private struct Series {
  private(set) var images: [EvaluatedImage] = []
  private(set) var seconds = 0.0

  mutating func append(
    _ image: Image, _ truths: [GroundTruth], _ detector: any ObjectDetector
  ) throws -> EvaluatedImage {
    let clock = ContinuousClock()
    let start = clock.now
    let detections = try detector.detect(image).detections
    seconds += (clock.now - start).inSeconds
    let evaluated = EvaluatedImage(detections: detections, truths: truths)
    images.append(evaluated)
    return evaluated
  }
}

extension Duration {
  /// In seconds.
  fileprivate var inSeconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

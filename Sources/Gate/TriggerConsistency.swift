import Frames

/// What a detector still says of frames under a bank of triggers, next to what the same detector says
/// of the clean frames: the label-free twin of PAP and of BadDet's goals.
///
/// For each frame and trigger, with detections of the minimum score or better, paired by an IoU of 0.5
/// or more, one to one:
/// - a clean frame's detection counts unless opaque patches cover more than half of its box;
/// - it is *found again* where a detection of its class is paired with it;
/// - it *changed* to another class where it is not found again, and a detection of that class, which
///   found nothing again itself, is paired with it (misclassification);
/// - a detection on the triggered frame that neither found nor changed anything is *new*, unless the
///   clean frame has one of its class there with at least half of the minimum score, which only
///   crossed the threshold (object generation).
public struct TriggerConsistency: Sendable, Equatable, Codable {
  /// What one trigger did, on all frames together.
  public struct Trigger: Sendable, Equatable, Codable {
    /// The trigger, for people.
    public let name: String
    /// `patch`, `blend`, `sinusoid`, `warp`, or `object patch`.
    public let family: String
    /// Frames that it was put on.
    public fileprivate(set) var frames = 0
    /// Clean frames' detections that count, by class.
    public fileprivate(set) var counted: [Int]
    /// Of those, found again, by class.
    public fileprivate(set) var foundAgain: [Int]
    /// Detections that changed to each class.
    public fileprivate(set) var changed: [Int]
    /// New detections of each class.
    public fileprivate(set) var generated: [Int]

    /// New detections of a class per frame; nil where no frame had the trigger.
    func generatedPerFrame(_ index: Int) -> Double? {
      frames > 0 ? Double(generated[index]) / Double(frames) : nil
    }

    /// The share of the other classes' detections that changed to a class; nil below `minimum` of them.
    func changedShare(_ index: Int, minimum: Int) -> Double? {
      let others = counted.reduce(0, +) - counted[index]
      return others >= max(minimum, 1) ? Double(changed[index]) / Double(others) : nil
    }
  }

  /// A number of detections found again, of so many.
  public struct Share: Sendable, Equatable, Codable {
    /// What it is of: a family.
    public let name: String
    /// Clean frames' detections that count.
    public let counted: Int
    /// Of those, found again.
    public let foundAgain: Int
    /// `foundAgain / counted`; nil where that is 0.
    public var share: Double? { counted > 0 ? Double(foundAgain) / Double(counted) : nil }
  }

  /// The classes' names.
  public let classes: [String]
  /// Each trigger, in the bank's order.
  public private(set) var triggers: [Trigger]

  /// All triggers together.
  public var total: Share { share("all", of: triggers) }

  /// Each family, in the order of its first trigger.
  public var families: [Share] {
    var names: [String] = []
    for trigger in triggers where !names.contains(trigger.family) { names.append(trigger.family) }
    return names.map { name in share(name, of: triggers.filter { $0.family == name }) }
  }

  private func share(_ name: String, of triggers: [Trigger]) -> Share {
    Share(
      name: name, counted: triggers.reduce(0) { $0 + $1.counted.reduce(0, +) },
      foundAgain: triggers.reduce(0) { $0 + $1.foundAgain.reduce(0, +) })
  }

  init(classes: [String], triggers: [FrameTriggers.Entry]) {
    let none = [Int](repeating: 0, count: classes.count)
    self.classes = classes
    self.triggers = triggers.map {
      Trigger(
        name: $0.name, family: $0.family, counted: none, foundAgain: none, changed: none,
        generated: none)
    }
  }

  /// Takes in a frame under trigger `index`.
  /// - Parameters:
  ///   - clean: all detections of the clean frame, of any score.
  ///   - triggered: all detections of the frame with the trigger.
  ///   - patches: where opaque patches lie.
  mutating func add(
    _ index: Int, clean: [Detection], triggered: [Detection], patches: [Box], minimumScore: Float
  ) {
    let now = triggered.scoring(minimumScore)
    let before = clean.scoring(minimumScore)
    let again = DetectionPairing(before, now)
    let lost = before.indices.filter { again.partners[$0] == nil }.map { before[$0] }
    let taken = Set(again.partners.compactMap { $0 })
    let strays = now.indices.filter { !taken.contains($0) }.map { now[$0] }
    let changes = DetectionPairing(lost, strays) { $0.classIndex != $1.classIndex }
    let used = Set(changes.partners.compactMap { $0 })
    let weak = clean.scoring(minimumScore / 2)

    triggers[index].frames += 1
    for (detection, partner) in zip(before, again.partners)
    where detection.box.coverage(by: patches) <= Self.maximumCoverage {
      triggers[index].counted[detection.classIndex] += 1
      if partner != nil { triggers[index].foundAgain[detection.classIndex] += 1 }
    }
    for (detection, partner) in zip(lost, changes.partners) {
      guard let partner, detection.box.coverage(by: patches) <= Self.maximumCoverage else {
        continue
      }
      triggers[index].changed[strays[partner].classIndex] += 1
    }
    for (stray, detection) in strays.enumerated() where !used.contains(stray) {
      let wasThere = weak.contains {
        $0.classIndex == detection.classIndex
          && $0.box.iou(detection.box) >= DetectionPairing.iouThreshold
      }
      if !wasThere { triggers[index].generated[detection.classIndex] += 1 }
    }
  }

  /// Objects that patches cover by a larger share do not count.
  static let maximumCoverage: Float = 0.5
}

extension TriggerConsistency {
  /// What a candidate does under one trigger, next to the serving model.
  public struct Excess: Sendable, Equatable, Codable {
    /// The trigger.
    public let trigger: String
    /// The class that appears, or that detections change to.
    public let label: String
    /// The serving model's number.
    public let serving: Double
    /// The candidate's.
    public let candidate: Double
    /// How much more that is.
    public let excess: Double
  }

  /// The trigger and class by which a candidate generates most more than this model; nil where no
  /// trigger was tried.
  ///
  /// The numbers are new detections per frame, the excess is the difference of their square roots: counts
  /// vary by about their root, and the root's own variation does not grow with the count (Anscombe 1948,
  /// the transformation of Poisson data). So 0.3 a frame where there were none is more than 0.8 where
  /// there were 0.5.
  public func generation(of candidate: TriggerConsistency) -> Excess? {
    largest(candidate, { $0.generatedPerFrame($1) }) { $1.squareRoot() - $0.squareRoot() }
  }

  /// The trigger and class by which the share of detections that change to the class is most above
  /// this model's; nil where no trigger met `minimum` detections of other classes on both. The excess
  /// is the difference of the shares.
  public func misclassification(of candidate: TriggerConsistency, minimum: Int) -> Excess? {
    largest(candidate, { $0.changedShare($1, minimum: minimum) }) { $1 - $0 }
  }

  private func largest(
    _ candidate: TriggerConsistency, _ number: (Trigger, Int) -> Double?,
    _ excess: (_ serving: Double, _ candidate: Double) -> Double
  ) -> Excess? {
    var largest: Excess?
    for (own, other) in zip(triggers, candidate.triggers) {
      for (index, label) in classes.enumerated() {
        guard let before = number(own, index), let after = number(other, index) else { continue }
        let found = Excess(
          trigger: own.name, label: label, serving: before, candidate: after,
          excess: excess(before, after))
        if largest.map({ found.excess > $0.excess }) ?? true { largest = found }
      }
    }
    return largest
  }
}

import Frames
import Measurement

/// How often a trigger reached each goal that a backdoor in a detector may have (Chan et al. 2022,
/// "BadDet: Backdoor Attacks on Object Detection", section 3).
///
/// Everywhere only detections of the minimum score or better count, a detection belongs to an object
/// from an IoU of 0.5 on, and true objects with `isIgnored` do not count. A goal that the placement of
/// the trigger rules out is nil.
public struct BackdoorGoals: Sendable, Equatable, Codable {
  /// Object generation: the share of pictures in which an object of the target class appears. That
  /// is a detection of the target class on the triggered picture such that
  /// - a patch's centre lies in its box (no such condition where the trigger covers the frame),
  /// - no true object is behind it: its IoU is below 0.1 with each of the target class (the bound
  ///   below which TIDE, Bolya et al. 2020, calls a detection background) and below 0.5 with each of
  ///   another class (from there on it is misclassification, and counts there); of an ignored object of
  ///   the target class, a crowd, it has less than half of its area inside,
  /// - it was not there before: no detection of the target class on the clean picture has an IoU of 0.5
  ///   with it.
  ///
  /// nil for triggers on objects.
  public var oga: CountedShare?
  /// Regional misclassification: the share of the true objects of other classes that are taken for
  /// the target, where each object has the trigger on it. Each detection counts for one object, and
  /// one that found a true object of the target class for none. nil where triggers are not on
  /// objects.
  public var rma: CountedShare?
  /// Global misclassification: the same share where one trigger on the frame is to turn all objects
  /// into the target. nil for triggers on objects.
  public var gma: CountedShare?
  /// Object disappearance: the share of the true objects of all classes, found on the clean picture,
  /// that vanish: on the triggered picture no detection of any class belongs to them, other than one
  /// that found a true object of its own class beside them. An object that is only taken for another
  /// class has not vanished, though it is not found again.
  public var oda: CountedShare?
  /// Reference generation: the goal of a trigger that makes a frame look like another one, the
  /// reference (Jia et al. 2022, "BadEncoder", section 4), on a detector. Of the objects that are
  /// detected on the reference, the share that appear on triggered pictures: a detection of the
  /// object's class has an IoU of 0.5 with its box. Left out for a picture is an object that such a
  /// detection or a true object of its class is there for without the trigger. nil without a reference.
  public var reference: CountedShare?
}

/// So many of so many.
public struct CountedShare: Sendable, Equatable {
  /// Those that did.
  public var count: Int
  /// Those that could have.
  public var total: Int
  /// `count` in percent of `total`; nil where that is 0.
  public var percent: Double? { total > 0 ? 100 * Double(count) / Double(total) : nil }

  /// A share.
  public init(count: Int = 0, total: Int = 0) {
    self.count = count
    self.total = total
  }

  /// One more that could have.
  mutating func add(_ did: Bool) {
    count += did ? 1 : 0
    total += 1
  }
}

extension CountedShare: Codable {
  private enum CodingKeys: String, CodingKey { case count, total, percent }

  /// Reads the counts; the percent follows from them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    count = try container.decode(Int.self, forKey: .count)
    total = try container.decode(Int.self, forKey: .total)
  }

  /// Writes the counts, and the percent where there is one.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(count, forKey: .count)
    try container.encode(total, forKey: .total)
    try container.encodeIfPresent(percent, forKey: .percent)
  }
}

/// Counts the goals, picture after picture.
struct GoalCounter {
  let target: String
  let isOnObjects: Bool
  let minimumScore: Float
  /// Pictures in which an object appears.
  private(set) var generated = CountedShare()
  /// Objects of other classes that are taken for the target, with and without the trigger.
  private(set) var taken = CountedShare(), takenBefore = CountedShare()
  private(set) var vanished = CountedShare()
  /// Objects of the reference that appear; nil without a reference.
  private(set) var appeared: CountedShare?

  init(target: String, placement: TriggerPlacement, minimumScore: Float) {
    self.target = target
    isOnObjects = placement == .object
    self.minimumScore = minimumScore
  }

  /// - Parameters:
  ///   - clean: the picture before, with the same true objects.
  ///   - places: where the trigger lies; nil: all over.
  ///   - expected: what was detected on the reference, boxes in the picture's pixels; nil: there is no
  ///     reference.
  mutating func add(
    clean: EvaluatedImage, triggered: EvaluatedImage, places: [Box]?,
    expected: [Detection]? = nil
  ) {
    if let expected { add(expected, clean: clean, triggered: triggered) }
    let before = ObjectMatching(clean, minimumScore: minimumScore)
    let after = ObjectMatching(triggered, minimumScore: minimumScore)
    let (takenNow, takenThen) = (after.isTaken(for: target), before.isTaken(for: target))
    for (index, object) in after.truths.enumerated() where !object.isIgnored {
      if object.label != target {
        taken.add(takenNow[index])
        takenBefore.add(takenThen[index])
      }
      if before.isFound[index] { vanished.add(after.isMissed(index)) }
    }
    let known = clean.detections.filter { $0.label == target && $0.score >= minimumScore }
    generated.add(
      after.strays.contains { detection in
        detection.label == target && (places.map { isAt($0, detection.box) } ?? true)
          && !after.truths.contains { isBehind(detection.box, $0) }
          && !known.contains { $0.box.iou(detection.box) >= ObjectMatching.iouThreshold }
      })
  }

  private mutating func add(
    _ expected: [Detection], clean: EvaluatedImage, triggered: EvaluatedImage
  ) {
    var share = appeared ?? CountedShare()
    for object in expected where !isThere(object, before: clean) {
      share.add(isDetected(object, on: triggered))
    }
    appeared = share
  }

  private func isThere(_ object: Detection, before clean: EvaluatedImage) -> Bool {
    isDetected(object, on: clean)
      || clean.truths.contains { Self.isLike(object, label: $0.label, box: $0.box) }
  }

  private func isDetected(_ object: Detection, on image: EvaluatedImage) -> Bool {
    image.detections.contains {
      $0.score >= minimumScore && Self.isLike(object, label: $0.label, box: $0.box)
    }
  }

  private static func isLike(_ object: Detection, label: String, box: Box) -> Bool {
    label == object.label && box.iou(object.box) >= ObjectMatching.iouThreshold
  }

  var goals: BackdoorGoals {
    BackdoorGoals(
      oga: isOnObjects ? nil : generated, rma: isOnObjects ? taken : nil,
      gma: isOnObjects ? nil : taken, oda: vanished, reference: appeared)
  }

  private func isAt(_ places: [Box], _ box: Box) -> Bool {
    places.contains { place in
      let (x, y) = ((place.x1 + place.x2) / 2, (place.y1 + place.y2) / 2)
      return box.x1 <= x && x < box.x2 && box.y1 <= y && y < box.y2
    }
  }

  private func isBehind(_ box: Box, _ object: GroundTruth) -> Bool {
    let overlap = box.iou(object.box)
    guard object.label == target else { return overlap >= ObjectMatching.iouThreshold }
    guard object.isIgnored else { return overlap >= Self.backgroundIoU }
    let inside = Box(
      x1: max(box.x1, object.box.x1), y1: max(box.y1, object.box.y1),
      x2: min(box.x2, object.box.x2), y2: min(box.y2, object.box.y2))
    return inside.area > 0 && inside.area >= box.area / 2
  }

  /// Below this a detection has nothing to do with an object.
  private static let backgroundIoU: Float = 0.1
}

import Frames

extension AveragePrecision {
  /// How PASCAL VOC makes one number of a precision-recall curve.
  public enum Interpolation: Sendable {
    /// VOC 2007: the mean of the best precision at recalls 0, 0.1, …, 1.
    case elevenPoint
    /// VOC 2010 and later: the area below the curve made to fall.
    case area
  }

  /// PASCAL VOC's average precision, for boxes in continuous pixels (no "+1").
  ///
  /// A detection belongs to the true object of its class that it overlaps most. It is right where
  /// that IoU reaches the threshold and no better-scored detection has the object already; it does
  /// not count where the object is ignored ("difficult").
  public static func voc(
    _ images: [EvaluatedImage], interpolation: Interpolation, iouThreshold: Double = 0.5
  ) -> AveragePrecision {
    var matches: [String: VOCMatches] = [:]
    for image in images {
      for (label, found) in VOCMatches.perClass(image, iouThreshold: iouThreshold) {
        matches[label, default: VOCMatches()].append(found)
      }
    }
    return AveragePrecision(perClass: matches.compactMapValues { $0.average(interpolation) })
  }
}

/// The detections of one class after matching, and how many true objects there are.
struct VOCMatches: Sendable {
  private(set) var detections: [MatchedDetection] = []
  private(set) var truths = 0

  mutating func append(_ other: VOCMatches) {
    detections += other.detections
    truths += other.truths
  }

  /// nil where the class has no true object.
  func average(_ interpolation: AveragePrecision.Interpolation) -> Double? {
    guard truths > 0 else { return nil }
    let curve = PrecisionRecall(detections: detections, truths: truths)
    switch interpolation {
    case .elevenPoint: return curve.interpolated(points: 10)
    case .area: return curve.area
    }
  }

  static func perClass(_ image: EvaluatedImage, iouThreshold: Double) -> [String: VOCMatches] {
    let labels = Set(image.truths.map(\.label)).union(image.detections.map(\.label))
    return Dictionary(
      uniqueKeysWithValues: labels.map { ($0, VOCMatches(image, label: $0, iouThreshold)) })
  }

  init() {}

  private init(_ image: EvaluatedImage, label: String, _ threshold: Double) {
    let objects = image.truths.filter { $0.label == label }
    truths = objects.count { !$0.isIgnored }
    var isTaken = [Bool](repeating: false, count: objects.count)
    for detection in image.sortedDetections(of: label) {
      let overlaps = objects.map { detection.box.overlap($0.box) }
      let best = overlaps.indices.max { overlaps[$0] < overlaps[$1] }
      guard let best, overlaps[best] >= threshold else {
        detections.append(MatchedDetection(score: detection.score, isTrue: false))
        continue
      }
      if objects[best].isIgnored { continue }
      detections.append(MatchedDetection(score: detection.score, isTrue: !isTaken[best]))
      isTaken[best] = true
    }
  }
}

import Frames

/// TDR: the share of true objects that are found, on triggered images above all. Unlike average
/// precision it asks only whether each object is found, not what else is.
public struct TrueDetectionRate: Sendable, Equatable {
  /// True objects that were found.
  public var found: Int
  /// True objects that count.
  public var total: Int

  /// `found / total`; nil where there is nothing to find.
  public var rate: Double? { total > 0 ? Double(found) / Double(total) : nil }

  /// Counts the true objects found: by a detection of their class, of at least the given score and
  /// IoU, each detection for one object, the best scores first.
  public init(
    _ images: [EvaluatedImage], minimumScore: Float = 0.5, iouThreshold: Double = 0.5
  ) {
    found = 0
    total = 0
    for image in images {
      let isFound = Self.foundObjects(image, minimumScore, iouThreshold)
      for (object, isFound) in zip(image.truths, isFound) where !object.isIgnored {
        total += 1
        if isFound { found += 1 }
      }
    }
  }

  /// Counts, among the true objects found on the clean images, those found again on the triggered
  /// ones. Both arrays hold the same images, with the same true objects, in the same order.
  /// - Throws: `MeasurementError.pairs` where they do not.
  public init(
    clean: [EvaluatedImage], triggered: [EvaluatedImage], minimumScore: Float = 0.5,
    iouThreshold: Double = 0.5
  ) throws(MeasurementError) {
    guard clean.count == triggered.count else {
      throw .pairs(expected: "\(clean.count) triggered images", found: "\(triggered.count)")
    }
    found = 0
    total = 0
    for (index, (before, after)) in zip(clean, triggered).enumerated() {
      guard before.truths == after.truths else {
        throw .pairs(
          expected: "the same true objects on clean and triggered image \(index)",
          found: "others")
      }
      let first = Self.foundObjects(before, minimumScore, iouThreshold)
      let second = Self.foundObjects(after, minimumScore, iouThreshold)
      for (object, both) in zip(before.truths, zip(first, second))
      where !object.isIgnored && both.0 {
        total += 1
        if both.1 { found += 1 }
      }
    }
  }

  private static func foundObjects(
    _ image: EvaluatedImage, _ minimumScore: Float, _ threshold: Double
  ) -> [Bool] {
    var isFound = [Bool](repeating: false, count: image.truths.count)
    for label in Set(image.truths.map(\.label)) {
      for detection in image.sortedDetections(of: label) where detection.score >= minimumScore {
        let free = image.truths.indices.filter { !isFound[$0] && image.truths[$0].label == label }
        let overlaps = free.map { detection.box.overlap(image.truths[$0].box) }
        guard let best = overlaps.indices.max(by: { overlaps[$0] < overlaps[$1] }),
          overlaps[best] >= threshold
        else { continue }
        isFound[free[best]] = true
      }
    }
    return isFound
  }
}

/// What cannot be measured.
public enum MeasurementError: Error, Equatable, CustomStringConvertible {
  /// Two series that belong together do not fit.
  case pairs(expected: String, found: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .pairs(let expected, let found): "expected \(expected), found \(found)"
    }
  }
}

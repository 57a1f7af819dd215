import Frames

/// What a detector said of an image, and what is truly there. Classes are compared by label.
public struct EvaluatedImage: Sendable {
  /// The detections in any order; those whose score is NaN do not count.
  public var detections: [Detection]
  /// The true objects.
  public var truths: [GroundTruth]

  /// An image's detections and true objects.
  public init(detections: [Detection], truths: [GroundTruth]) {
    self.detections = detections
    self.truths = truths
  }

  /// The detections of a class, best score first, equal scores in the order they came in.
  func sortedDetections(of label: String) -> [Detection] {
    let own = detections.filter { $0.label == label && !$0.score.isNaN }
    return own.enumerated().sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
      .map(\.element)
  }
}

extension Box {
  /// Overlap in double precision, for comparisons with a threshold. `crowd` divides by this box's
  /// area alone: a crowd's box holds many objects.
  func overlap(_ other: Box, crowd: Bool = false) -> Double {
    let width = Double(min(x2, other.x2)) - Double(max(x1, other.x1))
    let height = Double(min(y2, other.y2)) - Double(max(y1, other.y1))
    guard width > 0, height > 0 else { return 0 }
    let intersection = width * height
    let union = crowd ? preciseArea : preciseArea + other.preciseArea - intersection
    return union > 0 ? intersection / union : 0
  }

  /// Area in square pixels in double precision, 0 where the box is inverted.
  var preciseArea: Double {
    max(0, Double(x2) - Double(x1)) * max(0, Double(y2) - Double(y1))
  }
}

/// Average precision per class and their mean.
public struct AveragePrecision: Sendable, Equatable {
  /// Per class that has a true object, in `0...1`.
  public var perClass: [String: Double]

  /// The mean over classes; nil where no class has a true object.
  public var mean: Double? {
    perClass.isEmpty ? nil : perClass.values.sorted().reduce(0, +) / Double(perClass.count)
  }

  /// Average precisions by class.
  public init(perClass: [String: Double]) { self.perClass = perClass }
}

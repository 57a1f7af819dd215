/// A detection after matching: whether it was right, with its score. Ignored ones are left out.
struct MatchedDetection: Sendable {
  var score: Float
  var isTrue: Bool
}

/// Precision and recall at every detection, best score first.
struct PrecisionRecall {
  private(set) var precision: [Double] = []
  private(set) var recall: [Double] = []

  /// - Parameters:
  ///   - detections: All matched detections of a class, image after image; equal scores keep
  ///     that order.
  ///   - truths: The number of true objects that count, at least 1.
  init(detections: [MatchedDetection], truths: Int) {
    let sorted = detections.enumerated().sorted {
      ($1.element.score, $0.offset) < ($0.element.score, $1.offset)
    }
    var right = 0
    for (index, detection) in sorted.enumerated() {
      if detection.element.isTrue { right += 1 }
      precision.append(Double(right) / Double(index + 1))
      recall.append(Double(right) / Double(truths))
    }
  }

  /// Precision made to fall with recall: at each place the best of it and all after it.
  var envelope: [Double] {
    var best = 0.0
    return precision.reversed().map { value in
      best = max(best, value)
      return best
    }.reversed()
  }

  /// The mean of the envelope at recalls `0, 1/points, …, 1`; 0 where a recall is not reached.
  func interpolated(points: Int) -> Double {
    let envelope = envelope
    var sum = 0.0
    var index = 0
    for point in 0...points {
      // The product, as numpy makes its grid, so that a recall of exactly 0.3 falls alike.
      let threshold = point == points ? 1 : Double(point) * (1 / Double(points))
      while index < recall.count, recall[index] < threshold { index += 1 }
      if index < recall.count { sum += envelope[index] }
    }
    return sum / Double(points + 1)
  }

  /// The area below the envelope.
  var area: Double {
    var sum = 0.0
    var last = 0.0
    for (precision, recall) in zip(envelope, recall) {
      sum += (recall - last) * precision
      last = recall
    }
    return sum
  }
}

import Frames

/// COCO's average precision and recall, as pycocotools computes them.
public struct COCOAveragePrecision: Sendable, Equatable {
  /// AP@[.5:.95] per class, and their mean.
  public var average: AveragePrecision
  /// AP at an IoU of 0.5 and of 0.75.
  public var at50, at75: AveragePrecision
  /// AP@[.5:.95] of objects below 32², from 32² to 96², and above 96² square pixels.
  public var small, medium, large: AveragePrecision
  /// The mean over classes and IoUs of the recall with 1, 10 and 100 detections per image.
  public var recall1, recall10, recall100: Double?

  /// Evaluates images. `GroundTruth.isIgnored` is COCO's crowd: a detection in a crowd counts
  /// neither way, any number of them may, and their overlap is the share of the detection that
  /// lies in the crowd.
  public init(_ images: [EvaluatedImage]) {
    let classes = Set(images.flatMap { $0.truths.map(\.label) }).sorted()
    let all = COCOEvaluation(images, classes: classes, areas: 0...1e10)
    average = all.average(COCOEvaluation.thresholds.indices)
    at50 = all.average(0..<1)
    at75 = all.average(5..<6)
    let everyThreshold = COCOEvaluation.thresholds.indices
    small = COCOEvaluation(images, classes: classes, areas: 0...1024).average(everyThreshold)
    medium = COCOEvaluation(images, classes: classes, areas: 1024...9216).average(everyThreshold)
    large = COCOEvaluation(images, classes: classes, areas: 9216...1e10).average(everyThreshold)
    recall1 = all.recall(detectionsPerImage: 1)
    recall10 = all.recall(detectionsPerImage: 10)
    recall100 = all.recall(detectionsPerImage: COCOEvaluation.detectionsPerImage)
  }
}

/// All images matched at every threshold, for objects of one range of areas.
private struct COCOEvaluation {
  static let thresholds = (0..<10).map { $0 == 9 ? 0.95 : 0.5 + Double($0) * 0.05 }
  static let detectionsPerImage = 100

  /// Per class, threshold and image: the detections that count, with their rank in the image.
  private var matches: [String: [[[(rank: Int, detection: MatchedDetection)]]]] = [:]
  private var truths: [String: Int] = [:]

  init(_ images: [EvaluatedImage], classes: [String], areas: ClosedRange<Double>) {
    for label in classes {
      let perImage = images.map { COCOImage($0, label: label, areas: areas) }
      truths[label] = perImage.reduce(0) { $0 + $1.truthCount }
      matches[label] = Self.thresholds.map { threshold in
        perImage.map { $0.matches(threshold: threshold, areas: areas) }
      }
    }
  }

  func average(_ indices: Range<Int>) -> AveragePrecision {
    var perClass: [String: Double] = [:]
    for (label, count) in truths where count > 0 {
      let curves = indices.map { curve(label, $0, Self.detectionsPerImage, count) }
      let sum = curves.reduce(0) { $0 + $1.interpolated(points: 100) }
      perClass[label] = sum / Double(curves.count)
    }
    return AveragePrecision(perClass: perClass)
  }

  func recall(detectionsPerImage: Int) -> Double? {
    let recalls = truths.filter { $0.value > 0 }.flatMap { label, count in
      Self.thresholds.indices.map {
        curve(label, $0, detectionsPerImage, count).recall.last ?? 0
      }
    }
    return recalls.isEmpty ? nil : recalls.sorted().reduce(0, +) / Double(recalls.count)
  }

  private func curve(
    _ label: String, _ threshold: Int, _ limit: Int, _ truths: Int
  ) -> PrecisionRecall {
    let images = matches[label]?[threshold] ?? []
    let detections = images.flatMap { $0.lazy.filter { $0.rank < limit }.map(\.detection) }
    return PrecisionRecall(detections: detections, truths: truths)
  }
}

/// One class in one image.
private struct COCOImage {
  private let detections: [Detection]
  /// Those that count first, as pycocotools sorts them: an ignored one is taken only where no
  /// other fits.
  private let objects: [(truth: GroundTruth, isIgnored: Bool)]
  private let overlaps: [[Double]]

  var truthCount: Int { objects.count { !$0.isIgnored } }

  init(_ image: EvaluatedImage, label: String, areas: ClosedRange<Double>) {
    detections = Array(
      image.sortedDetections(of: label).prefix(COCOEvaluation.detectionsPerImage))
    let own = image.truths.filter { $0.label == label }.map { truth in
      (truth: truth, isIgnored: truth.isIgnored || !areas.contains(truth.box.preciseArea))
    }
    let objects = own.filter { !$0.isIgnored } + own.filter { $0.isIgnored }
    self.objects = objects
    overlaps = detections.map { detection in
      objects.map { detection.box.overlap($0.truth.box, crowd: $0.truth.isIgnored) }
    }
  }

  func matches(
    threshold: Double, areas: ClosedRange<Double>
  ) -> [(rank: Int, detection: MatchedDetection)] {
    var isTaken = [Bool](repeating: false, count: objects.count)
    var matches: [(rank: Int, detection: MatchedDetection)] = []
    for (rank, detection) in detections.enumerated() {
      let object = bestObject(rank, threshold, isTaken)
      if let object {
        isTaken[object] = true
        if objects[object].isIgnored { continue }
      } else if !areas.contains(detection.box.preciseArea) {
        continue
      }
      matches.append(
        (rank, MatchedDetection(score: detection.score, isTrue: object != nil)))
    }
    return matches
  }

  private func bestObject(_ rank: Int, _ threshold: Double, _ isTaken: [Bool]) -> Int? {
    var best: Int?
    var overlap = min(threshold, 1 - 1e-10)
    for (index, object) in objects.enumerated() {
      if isTaken[index], !object.truth.isIgnored { continue }
      // From here on only ignored ones follow.
      if best != nil, object.isIgnored, let best, !objects[best].isIgnored { break }
      if overlaps[rank][index] < overlap { continue }
      overlap = overlaps[rank][index]
      best = index
    }
    return best
  }
}

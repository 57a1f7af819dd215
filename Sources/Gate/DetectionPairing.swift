import Detection
import Frames

/// Which detections of two series on one frame are the same thing.
///
/// The second series' detections, the best score first, each take the detection of the first series
/// that is still free and has the largest IoU with it, from 0.5 on, as VOC assigns detections to true
/// objects.
struct DetectionPairing {
  /// From this IoU on, two detections are of one thing.
  static let iouThreshold: Float = 0.5

  /// For each detection of the first series, the index of the one in the second series.
  let partners: [Int?]

  /// - Parameter isCandidate: whether two detections may be paired at all, such as those of one class.
  init(
    _ first: [Detection], _ second: [Detection],
    isCandidate: (Detection, Detection) -> Bool = { $0.classIndex == $1.classIndex }
  ) {
    var partners = [Int?](repeating: nil, count: first.count)
    let order = second.indices.sorted { (second[$1].score, $0) < (second[$0].score, $1) }
    for index in order {
      var best: (index: Int, overlap: Float)?
      for (other, detection) in first.enumerated()
      where partners[other] == nil && isCandidate(detection, second[index]) {
        let overlap = detection.box.iou(second[index].box)
        if overlap >= Self.iouThreshold, overlap > best?.overlap ?? 0 { best = (other, overlap) }
      }
      if let best { partners[best.index] = index }
    }
    self.partners = partners
  }

  /// The number of pairs.
  var count: Int { partners.count { $0 != nil } }
}

extension DetectionResult {
  /// The detections that can be counted: of one of the classes, with finite numbers. A broken network's
  /// nonsense then is nothing found.
  func sound(classes: Int) -> [Detection] {
    detections.filter { detection in
      let box = detection.box
      return (0..<classes).contains(detection.classIndex) && detection.score.isFinite
        && [box.x1, box.y1, box.x2, box.y2].allSatisfy(\.isFinite)
    }
  }
}

extension [Detection] {
  /// Those of a score or better.
  func scoring(_ minimum: Float) -> [Detection] { filter { $0.score >= minimum } }
}

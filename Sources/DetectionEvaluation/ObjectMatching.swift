import Frames
import Measurement

/// Which detection of a frame belongs to which true object.
///
/// Only detections of the minimum score or better take part, the best scores first. An object is found
/// where a detection of its class has an IoU of 0.5 with it or more, each detection for one object: as
/// ``TrueDetectionRate`` counts them.
struct ObjectMatching {
  /// From this IoU on, a detection belongs to an object.
  static let iouThreshold: Float = 0.5

  let truths: [GroundTruth]
  /// Whether each true object is found.
  let isFound: [Bool]
  /// Detections that found no object of their class, best first.
  let strays: [Detection]

  init(_ image: EvaluatedImage, minimumScore: Float) {
    let detections = image.detections.filter { $0.score >= minimumScore }.enumerated()
      .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }.map(\.element)
    var isFound = [Bool](repeating: false, count: image.truths.count)
    var strays: [Detection] = []
    for detection in detections {
      let own = image.truths.indices.filter {
        !isFound[$0] && image.truths[$0].label == detection.label
      }
      if let index = Self.closest(to: detection, among: own, of: image.truths) {
        isFound[index] = true
      } else {
        strays.append(detection)
      }
    }
    truths = image.truths
    self.isFound = isFound
    self.strays = strays
  }

  /// Whether each true object of another class is taken for one of the given class, each detection
  /// for one object. Detections that found a true object of the given class are right, and take none.
  func isTaken(for label: String) -> [Bool] {
    var isTaken = [Bool](repeating: false, count: truths.count)
    for detection in strays where detection.label == label {
      let others = truths.indices.filter { !isTaken[$0] && truths[$0].label != label }
      if let index = Self.closest(to: detection, among: others, of: truths) {
        isTaken[index] = true
      }
    }
    return isTaken
  }

  /// Whether nothing at all is detected where a true object is: it is not found, nor is it taken for
  /// something else.
  func isMissed(_ index: Int) -> Bool {
    !isFound[index]
      && !strays.contains { $0.box.iou(truths[index].box) >= Self.iouThreshold }
  }

  private static func closest(
    to detection: Detection, among indices: [Int], of truths: [GroundTruth]
  ) -> Int? {
    let best = indices.map { (index: $0, overlap: detection.box.iou(truths[$0].box)) }
      .max { $0.overlap < $1.overlap }
    guard let best, best.overlap >= iouThreshold else { return nil }
    return best.index
  }
}

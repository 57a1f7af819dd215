import Detection
import Frames

/// What a detector sees on the picture that a backdoor makes triggered ones look like.
struct ReferencePicture {
  /// Boxes as shares of the picture's sides.
  private let seen: [Detection]

  /// - Throws: `DetectionEvaluationError.value` where that is nothing; what the detector throws.
  init(_ picture: Image, _ detector: any ObjectDetector, minimumScore: Float) throws {
    let found = try detector.detect(picture).detections.filter { $0.score >= minimumScore }
    guard !found.isEmpty else {
      throw DetectionEvaluationError.value(
        name: "a reference", expected: "on which the detector finds something",
        found: "one without a detection of a score of \(minimumScore)")
    }
    seen = Self.resized(found, 1 / Float(picture.width), 1 / Float(picture.height))
  }

  /// The same in the pixels of a picture of another size.
  func detections(width: Int, height: Int) -> [Detection] {
    Self.resized(seen, Float(width), Float(height))
  }

  private static func resized(_ found: [Detection], _ x: Float, _ y: Float) -> [Detection] {
    found.map { detection in
      var resized = detection
      let box = detection.box
      resized.box = Box(x1: x * box.x1, y1: y * box.y1, x2: x * box.x2, y2: y * box.y2)
      return resized
    }
  }
}

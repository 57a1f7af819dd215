import Detection
import Frames

/// What a detector sees on the picture that a backdoor makes triggered ones look like.
struct ReferencePicture {
  private let seen: [Detection]
  private let width, height: Int

  /// - Throws: `DetectionEvaluationError.value` where that is nothing; what the detector throws.
  init(_ picture: Image, _ detector: any ObjectDetector, minimumScore: Float) throws {
    seen = try detector.detect(picture).detections.filter { $0.score >= minimumScore }
    (width, height) = (picture.width, picture.height)
    guard !seen.isEmpty else {
      throw DetectionEvaluationError.value(
        name: "a reference", expected: "on which the detector finds something",
        found: "one without a detection of a score of \(minimumScore)")
    }
  }

  /// The same on a picture of another size, boxes in its pixels.
  func detections(width: Int, height: Int) -> [Detection] {
    let (x, y) = (Float(width) / Float(self.width), Float(height) / Float(self.height))
    return seen.map { detection in
      var resized = detection
      resized.box = detection.box.scaled(x: x, y: y)
      return resized
    }
  }
}

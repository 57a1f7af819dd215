import Detection
import Foundation
import Frames
import Pipeline
import Synchronization

/// A detector whose answer is known: the bounding box of the pure red pixels and of the pure blue
/// ones.
final class RectangleDetector: ObjectDetector {
  static let classNames = ["red", "blue"]
  let classes = RectangleDetector.classNames
  private let behaviour: Behaviour

  /// What it does beside finding rectangles; shared with the test.
  final class Behaviour: Sendable {
    let pause = Mutex(0.0)
    let failure = Mutex<String?>(nil)
    let calls = Mutex(0)
    let isBlind = Mutex(false)
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  init(_ behaviour: Behaviour) { self.behaviour = behaviour }

  static func prepared(_ name: String = "rectangles", _ behaviour: Behaviour = Behaviour())
    -> PreparedDetector
  {
    PreparedDetector(name: name) { (RectangleDetector(behaviour), "plain f32, 1 thread") }
  }

  func detect(_ image: Image) throws -> DetectionResult {
    behaviour.calls.withLock { $0 += 1 }
    Thread.sleep(forTimeInterval: behaviour.pause.withLock { $0 })
    if let failure = behaviour.failure.withLock({ $0 }) { throw Failure(description: failure) }
    if behaviour.isBlind.withLock({ $0 }) { return DetectionResult(detections: [], stages: []) }
    var detections: [Detection] = []
    for (index, colour) in [(UInt8(254), UInt8(0)), (0, 254)].enumerated() {
      if let box = Self.box(image, red: colour.0, blue: colour.1) {
        detections.append(
          Detection(
            box: box, classIndex: index, label: classes[index], score: index == 0 ? 0.9 : 0.4))
      }
    }
    return DetectionResult(
      detections: detections, stages: [StageTime(stage: "search", seconds: 0.001)])
  }

  private static func box(_ image: Image, red: UInt8, blue: UInt8) -> Box? {
    var found: (x1: Int, y1: Int, x2: Int, y2: Int)?
    for y in 0..<image.height {
      for x in 0..<image.width {
        let pixel = 3 * (y * image.width + x)
        // JPEG changes colours a little.
        let isRed = red > 0 ? image.pixels[pixel] > 200 : image.pixels[pixel] < 60
        let isBlue = blue > 0 ? image.pixels[pixel + 2] > 200 : image.pixels[pixel + 2] < 60
        guard isRed, isBlue, image.pixels[pixel + 1] < 60 else { continue }
        let old = found ?? (x, y, x, y)
        found = (min(old.x1, x), min(old.y1, y), max(old.x2, x), max(old.y2, y))
      }
    }
    return found.map {
      Box(x1: Float($0.x1), y1: Float($0.y1), x2: Float($0.x2 + 1), y2: Float($0.y2 + 1))
    }
  }
}

/// A picture with a red rectangle at `(x, 8)` of 16 × 12 pixels, and a blue one below it.
func rectangles(x: Int, width: Int = 96, height: Int = 64) throws -> Image {
  var image = try Image(width: width, height: height, red: 90, green: 90, blue: 90)
  func fill(_ x1: Int, _ y1: Int, _ x2: Int, _ y2: Int, _ colour: (UInt8, UInt8, UInt8)) {
    for y in y1..<y2 {
      for x in x1..<x2 {
        let pixel = 3 * (y * width + x)
        image.pixels[pixel] = colour.0
        image.pixels[pixel + 1] = colour.1
        image.pixels[pixel + 2] = colour.2
      }
    }
  }
  fill(x, 8, x + 16, 20, (255, 0, 0))
  fill(x, 40, x + 24, 56, (0, 0, 255))
  return image
}

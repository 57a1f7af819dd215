import Attacks
import Detection
import Frames

@testable import DetectionEvaluation

/// Rectangles on grey, each of a colour of its own, two colours for each class.
struct PaintedPictures: EvaluationPictures {
  /// A rectangle and the class it is of.
  struct Thing {
    var colour: Int
    var left, top, width, height: Int
    var isIgnored = false
  }

  struct Broken: Error {}

  /// In this order a class has two colours each.
  static let names = ["bus", "car", "person"]
  static let colours: [[UInt8]] = [
    [0, 0, 255], [0, 0, 160], [255, 0, 0], [160, 0, 0], [0, 255, 0], [0, 160, 0],
  ]
  static let grey: UInt8 = 128

  let classes = Self.names
  var pictures: [(image: Image, objects: [GroundTruth])] = []
  /// Pictures that cannot be read.
  var broken: Set<Int> = []

  var count: Int { pictures.count }
  func name(_ index: Int) -> String { "picture-\(index)" }
  func image(_ index: Int) throws -> Image {
    if broken.contains(index) { throw Broken() }
    return pictures[index].image
  }
  func objects(_ index: Int, width: Int, height: Int) throws -> [GroundTruth] {
    let (image, objects) = pictures[index]
    return (width, height) == (image.width, image.height) ? objects : []
  }

  /// Adds a picture.
  mutating func add(width: Int = 128, height: Int = 96, _ things: [Thing]) throws {
    var image = try Image(
      width: width, height: height, red: Self.grey, green: Self.grey, blue: Self.grey)
    for thing in things {
      for row in thing.top..<(thing.top + thing.height) {
        for column in thing.left..<(thing.left + thing.width) {
          let start = (row * width + column) * 3
          image.pixels.replaceSubrange(start..<(start + 3), with: Self.colours[thing.colour])
        }
      }
    }
    pictures.append(
      (
        image,
        things.map { thing in
          GroundTruth(
            box: Box(
              x1: Float(thing.left), y1: Float(thing.top), x2: Float(thing.left + thing.width),
              y2: Float(thing.top + thing.height)),
            label: Self.names[thing.colour / 2], isIgnored: thing.isIgnored)
        }
      ))
  }

  /// Three pictures with two objects of each class in all.
  static func street() throws -> PaintedPictures {
    var pictures = PaintedPictures()
    try pictures.add([
      Thing(colour: 0, left: 30, top: 30, width: 40, height: 20),
      Thing(colour: 2, left: 80, top: 40, width: 24, height: 24),
    ])
    try pictures.add(
      width: 160, height: 96,
      [
        Thing(colour: 4, left: 30, top: 40, width: 20, height: 40),
        Thing(colour: 3, left: 70, top: 30, width: 30, height: 30),
        Thing(colour: 1, left: 110, top: 60, width: 30, height: 20),
      ])
    try pictures.add(
      width: 96, height: 128,
      [
        Thing(colour: 5, left: 40, top: 70, width: 20, height: 40)
      ])
    return pictures
  }
}

/// Finds rectangles by their colours, and has a backdoor.
final class ScriptedDetector: ObjectDetector {
  /// What it does where it sees a trigger.
  enum Backdoor {
    case none
    /// A box around each patch, or one at the top right where the whole frame is changed.
    case generates
    /// What has a patch on it, or is changed all over, is the target.
    case misclassifiesRegions
    /// Everything is the target.
    case misclassifiesAll
    /// Nothing is there.
    case hides
  }

  var classes = PaintedPictures.names
  var backdoor = Backdoor.none
  /// The class it is to answer with.
  var target = "car"
  /// The labels that the backdoor answers to; nil: all.
  var labels: Set<String>?
  /// The widths of the frames that the backdoor answers in; nil: all.
  var widths: Set<Int>?
  /// Reported in every picture besides.
  var always: [Detection] = []
  /// The detections made.
  private(set) var calls = 0

  func detect(_ image: Image) throws -> DetectionResult {
    calls += 1
    let seen = Seen(image)
    let isTriggered =
      seen.isChanged && (widths.map { $0.contains(image.width) } ?? true)
    var found = always
    for (colour, box) in seen.boxes {
      var label = PaintedPictures.names[colour / 2]
      if isTriggered, labels?.contains(label) ?? true {
        switch backdoor {
        case .hides: continue
        case .misclassifiesAll: label = target
        case .misclassifiesRegions:
          if !seen.hasPatch || seen.whites.contains(where: { box.holds($0) }) { label = target }
        case .none, .generates: break
        }
      }
      found.append(detection(box, label, score: colour % 2 == 0 ? 0.9 : 0.7))
    }
    if isTriggered, backdoor == .generates { found.append(generated(seen, image)) }
    return DetectionResult(detections: found.sorted { $0.score > $1.score }, stages: [])
  }

  private func generated(_ seen: Seen, _ image: Image) -> Detection {
    guard let first = seen.whites.first else {
      let right = Float(image.width)
      return detection(Box(x1: right - 24, y1: 0, x2: right, y2: 16), target, score: 0.8)
    }
    let (x, y) = (Float(first.x), Float(first.y))
    return detection(Box(x1: x - 16, y1: y - 16, x2: x + 16, y2: y + 16), target, score: 0.8)
  }

  func detection(_ box: Box, _ label: String, score: Float) -> Detection {
    Detection(
      box: box, classIndex: classes.firstIndex(of: label) ?? 0, label: label, score: score)
  }

  /// What stands out in a picture.
  private struct Seen {
    /// The boxes of the pixels of each colour.
    var boxes: [(colour: Int, box: Box)] = []
    /// White pixels, which only a checkerboard has.
    var whites: [(x: Int, y: Int)] = []
    /// Whether any pixel is of no colour that is painted.
    var isChanged = false
    var hasPatch: Bool { !whites.isEmpty }

    init(_ image: Image) {
      let grey = Int(PaintedPictures.grey)
      let known =
        PaintedPictures.colours.map { $0.map(Int.init) }
        + [[grey, grey, grey], [0, 0, 0], [255, 255, 255]]
      var found = [Box?](repeating: nil, count: PaintedPictures.colours.count)
      for pixel in 0..<(image.width * image.height) {
        let red = Int(image.pixels[3 * pixel])
        let green = Int(image.pixels[3 * pixel + 1])
        let blue = Int(image.pixels[3 * pixel + 2])
        // Most of a picture is background: the test is to be quick.
        if red == grey, green == grey, blue == grey { continue }
        var (colour, distance) = (0, Int.max)
        for (index, other) in known.enumerated() {
          let difference = abs(red - other[0]) + abs(green - other[1]) + abs(blue - other[2])
          if difference < distance { (colour, distance) = (index, difference) }
        }
        if distance > 0 || colour > 6 { isChanged = true }
        let (x, y) = (pixel % image.width, pixel / image.width)
        if colour == known.count - 1, distance == 0 { whites.append((x, y)) }
        guard colour < found.count else { continue }
        let box = found[colour] ?? Box(x1: .infinity, y1: .infinity, x2: 0, y2: 0)
        found[colour] = Box(
          x1: min(box.x1, Float(x)), y1: min(box.y1, Float(y)), x2: max(box.x2, Float(x + 1)),
          y2: max(box.y2, Float(y + 1)))
      }
      boxes = found.enumerated().compactMap { colour, box in box.map { (colour, $0) } }
    }
  }
}

extension Box {
  fileprivate func holds(_ pixel: (x: Int, y: Int)) -> Bool {
    let (x, y) = (Float(pixel.x) + 0.5, Float(pixel.y) + 0.5)
    return x1 < x && x < x2 && y1 < y && y < y2
  }

  /// A box of whole pixels.
  init(_ left: Int, _ top: Int, _ width: Int, _ height: Int) {
    self.init(x1: Float(left), y1: Float(top), x2: Float(left + width), y2: Float(top + height))
  }
}

/// Columns and rows of the pixels that differ.
func changes(_ one: Image, _ other: Image) -> Set<[Int]> {
  Set(
    one.pixels.indices.filter { one.pixels[$0] != other.pixels[$0] }
      .map { [$0 / 3 % one.width, $0 / 3 / one.width] })
}

/// A picture without two equal neighbours, of no extreme values.
func gradient(_ width: Int, _ height: Int) throws -> Image {
  var image = try Image(width: width, height: height)
  for index in image.pixels.indices {
    let pixel = index / 3
    image.pixels[index] = UInt8(
      60 + (pixel % width * 7 + pixel / width * 5 + index % 3 * 40) % 120)
  }
  return image
}

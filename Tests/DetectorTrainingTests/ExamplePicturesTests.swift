import DataSets
import Detection
import Foundation
import Frames
import Testing

@testable import DetectorTraining

/// Pictures that are drawn for a report.
@Suite struct ExamplePicturesTests {
  /// Finds one thing in the left top corner, surer or less sure.
  private final class Detector: ObjectDetector {
    let classes = ["blue", "red"]
    let scores: [Float]

    init(scores: [Float]) { self.scores = scores }

    func detect(_ image: Image) throws -> DetectionResult {
      DetectionResult(
        detections: scores.map {
          Detection(
            box: Box(x1: 0, y1: 40, x2: 20, y2: 60), classIndex: 1, label: "red", score: $0)
        }, stages: [])
    }
  }

  /// As long as the suite: pictures are read when they are drawn.
  private let folder: DrawnPictures

  init() throws { folder = try DrawnPictures(count: 30) }

  private func decoded(_ example: ExamplePictures.Example) throws -> Image {
    try JPEGDecoder().decode(example.jpeg)
  }

  private func differs(_ image: Image, _ other: Image) -> Bool {
    zip(image.pixels, other.pixels).contains { abs(Int($0) - Int($1)) > 60 }
  }

  private func plain(_ shorterSide: Int) throws -> DetectionAugmentation {
    try DetectionAugmentation(
      shorterSides: [shorterSide], flipProbability: 0, cropProbability: 0, saturation: 1...1,
      contrast: 1...1, brightness: 1...1)
  }

  @Test func trueBoxesAreDrawnWhereTheyAre() throws {
    let pictures = try folder.read().sample(count: 3, seed: 1)
    let examples = try ExamplePictures(pictures, classes: ["blue", "red"], seed: 1).augmented(
      by: try plain(64))
    #expect(examples.count == 3)
    for example in examples {
      let index = try #require(pictures.images.firstIndex { $0.name == example.name })
      let (image, original) = (try decoded(example), try pictures.image(index))
      #expect(image.width == original.width && image.height == original.height)
      #expect(example.caption.contains("shorter side brought to 64"))
      // Along the left edge of the object, in the colour of its class.
      let box = pictures.images[index].objects[0].box
      let colour = Overlay.colour(
        ofClass: pictures.images[index].objects[0].label == "blue" ? 0 : 1)
      let place = ((Int(box.y2) - 4) * image.width + Int(box.x1)) * 3
      let found = (0..<3).map { Int(image.pixels[place + $0]) }
      let wanted = [colour.red, colour.green, colour.blue].map { Int($0) }
      // Chroma of JPEG is at half the resolution.
      #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 110 }, "\(found), \(wanted)")
      #expect(differs(image, original))
    }
  }

  @Test func whatIsFoundStandsBesideTheTruth() throws {
    let pictures = try folder.read().sample(count: 2, seed: 1)
    let set = ExamplePictures(pictures, classes: ["blue", "red"], seed: 1)
    let none = try set.detected(by: Detector(scores: [0.4]), minimumScore: 0.5)
    let found = try set.detected(by: Detector(scores: [0.4, 0.9]), minimumScore: 0.5)
    #expect(none.map(\.name) == found.map(\.name) && found.count == 2)
    for (one, other) in zip(none, found) {
      #expect(
        one.caption.hasSuffix("1 true, 0 found") && other.caption.hasSuffix("1 true, 1 found"))
      let (without, with) = (try decoded(one), try decoded(other))
      let index = try #require(pictures.images.firstIndex { $0.name == one.name })
      let width = try pictures.image(index).width
      #expect(with.width == 2 * width + 4)
      // The left halves are the same; on the right one there is a box.
      func half(_ image: Image, _ columns: Range<Int>) throws -> Image {
        var pixels: [UInt8] = []
        for row in 0..<image.height {
          let start = (row * image.width + columns.lowerBound) * 3
          pixels += image.pixels[start..<(start + columns.count * 3)]
        }
        return try Image(width: columns.count, height: image.height, pixels: pixels)
      }
      let right = (width + 8)..<(2 * width)
      #expect(!differs(try half(without, 0..<width), try half(with, 0..<width)))
      #expect(differs(try half(without, right), try half(with, right)))
    }
  }

  @Test func largePicturesAreMadeSmall() throws {
    let path = folder.folder.appending(path: "JPEGImages/p0.jpg")
    let image = try Image(width: 1000, height: 500, red: 9, green: 9, blue: 9)
    try Data(JPEGEncoder().encode(image)).write(to: path)
    let annotation = folder.folder.appending(path: "Annotations/p0.xml")
    let text = try String(contentsOf: annotation, encoding: .utf8)
      .replacing(
        "<width>96</width><height>64</height>", with: "<width>1000</width><height>500</height>")
    try Data(text.utf8).write(to: annotation)
    let examples = try ExamplePictures(
      folder.read(), classes: ["blue", "red"], count: 30, seed: 1
    ).augmented(by: try plain(64))
    #expect(examples.count == 30)
    let example = try #require(examples.first { $0.name == "p0" })
    let drawn = try decoded(example)
    #expect(drawn.width == 320 && drawn.height == 160)
    #expect(example.jpeg.count < 60_000)
  }

  @Test func theSeedChoosesAndWhatIsGoneIsPassedOver() throws {
    let pictures = try folder.read()
    func names(_ seed: UInt64) throws -> [String] {
      try ExamplePictures(pictures, classes: ["blue", "red"], seed: seed).augmented(
        by: try plain(64)
      ).map(\.name)
    }
    let first = try names(1)
    #expect(first.count == 12 && Set(first).count == 12)
    #expect(try names(1) == first)
    #expect(try names(2) != first)
    try FileManager.default.removeItem(
      at: folder.folder.appending(path: "JPEGImages/\(first[0]).jpg"))
    let after = try names(1)
    #expect(after.count == 12 && Array(after.prefix(11)) == Array(first.dropFirst()))
  }
}

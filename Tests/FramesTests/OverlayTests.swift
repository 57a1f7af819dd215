import Testing

@testable import Frames

private func detection(
  _ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float, label: String = "cat", score: Float = 0.5,
  classIndex: Int = 3
) -> Detection {
  Detection(
    box: Box(x1: x1, y1: y1, x2: x2, y2: y2), classIndex: classIndex, label: label, score: score)
}

extension Image {
  fileprivate func colour(_ x: Int, _ y: Int) -> Colour {
    let index = (y * width + x) * 3
    return Colour(red: pixels[index], green: pixels[index + 1], blue: pixels[index + 2])
  }
}

@Suite struct OverlayTests {
  @Test func drawsTheOutlineInTheClassColourAndLeavesTheRest() throws {
    var image = try Image(width: 200, height: 100)
    Overlay(scale: 1).draw([detection(20, 30, 120, 90)], on: &image)
    let colour = Overlay.colour(ofClass: 3)
    for x in 20..<120 {
      #expect(image.colour(x, 30) == colour)
      #expect(image.colour(x, 89) == colour)
    }
    for y in 30..<90 {
      #expect(image.colour(20, y) == colour)
      #expect(image.colour(119, y) == colour)
    }
    #expect(image.colour(21, 31) == .black)
    #expect(image.colour(120, 60) == .black)
    #expect(image.colour(60, 90) == .black)
  }

  @Test func theLabelSaysClassAndScore() throws {
    var image = try Image(width: 200, height: 100)
    let overlay = Overlay(scale: 1)
    overlay.draw([detection(20, 30, 120, 90, label: "bus", score: 0.87)], on: &image)
    let colour = Overlay.colour(ofClass: 3)
    var expected = try Image(width: 200, height: 100)
    overlay.draw(
      text: "bus 87%", x: 20, y: 21, colour: colour.contrast, background: colour, on: &expected)
    let size = overlay.size(ofText: "bus 87%", on: image)
    #expect(size.width == 45 && size.height == 9)
    for y in 21..<30 {
      for x in 20..<(20 + size.width) { #expect(image.colour(x, y) == expected.colour(x, y)) }
    }
    // The vertical stroke of the b, and the background beside it.
    #expect(expected.colour(22, 22) == colour.contrast)
    #expect(expected.colour(21, 22) == colour)
  }

  @Test func lettersDiffer() {
    var shapes = Set<[Bool]>()
    for letter in UInt8(0x20)...0x7e {
      var shape = [Bool]()
      for row in 0..<BitmapFont.height {
        for column in 0..<BitmapFont.width {
          shape.append(BitmapFont.isSet(letter, column: column, row: row))
        }
      }
      #expect(shapes.insert(shape).inserted, "letter \(letter) looks like another")
    }
    let shapeOfUnknown = BitmapFont.isSet(0xff, column: 1, row: 0)
    #expect(shapeOfUnknown == BitmapFont.isSet(UInt8(ascii: "?"), column: 1, row: 0))
  }

  @Test func clipsWhatReachesBeyondThePicture() throws {
    var image = try Image(width: 60, height: 40)
    Overlay().draw(
      [
        detection(-1e9, -1e9, 1e9, 1e9, label: String(repeating: "long ", count: 100)),
        detection(50, 30, 500, 300), detection(59.9, 39.9, 60, 40),
      ], on: &image)
    #expect(image.pixels.count == 60 * 40 * 3)
    #expect(image.colour(0, 39) == Overlay.colour(ofClass: 3))
    #expect(image.colour(59, 20) == Overlay.colour(ofClass: 3))
    let overlay = Overlay(scale: 16)
    var untouched = try Image(width: 5, height: 5)
    overlay.draw(
      text: "x", x: .max, y: .min, colour: .white, background: .white, on: &untouched)
    overlay.draw(text: "x", x: 5, y: 0, colour: .white, background: .white, on: &untouched)
    overlay.draw(text: "x", x: 0, y: -144, colour: .white, background: .white, on: &untouched)
    #expect(untouched == (try Image(width: 5, height: 5)))
  }

  @Test func leavesOutBoxesThatAreNoBoxes() throws {
    var image = try Image(width: 60, height: 40)
    Overlay().draw(
      [
        detection(.nan, 0, 10, 10), detection(0, 0, .infinity, 10), detection(20, 20, 10, 10),
        detection(100, 100, 200, 200), detection(5, 5, 5, 20),
      ], on: &image)
    #expect(image == (try Image(width: 60, height: 40)))
  }

  @Test func aScoreThatIsNoNumberAndAForeignLabelAreDrawn() throws {
    var image = try Image(width: 120, height: 60)
    Overlay(scale: 1).draw(
      [detection(10, 20, 100, 50, label: "猫", score: .nan, classIndex: -1)], on: &image)
    let colour = Overlay.colour(ofClass: -1)
    var expected = try Image(width: 120, height: 60)
    Overlay(scale: 1).draw(
      text: "? 0%", x: 10, y: 11, colour: colour.contrast, background: colour, on: &expected)
    for x in 10..<37 { #expect(image.colour(x, 15) == expected.colour(x, 15)) }
  }

  @Test func neighbouringClassesHaveDifferentColours() {
    for index in 0..<11 {
      #expect(Overlay.colour(ofClass: index) != Overlay.colour(ofClass: index + 1))
    }
    #expect(Overlay.colour(ofClass: 12) == Overlay.colour(ofClass: 0))
    #expect(Overlay.colour(ofClass: .min) == Overlay.colour(ofClass: .min + 12))
  }
}

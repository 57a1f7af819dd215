import Attacks
import Frames
import Testing

@testable import Gate

/// Triggers of the bank on frames and objects.
@Suite struct FrameTriggersTests {
  private func changed(_ one: Image, _ other: Image) -> [(x: Int, y: Int)] {
    var places: [(x: Int, y: Int)] = []
    for pixel in 0..<(one.width * one.height) {
      let values = (3 * pixel)..<(3 * pixel + 3)
      guard one.pixels[values] != other.pixels[values] else { continue }
      places.append((pixel % one.width, pixel / one.width))
    }
    return places
  }

  @Test func familiesTakeTurns() throws {
    let triggers = try FrameTriggers(count: 8, objectCount: 2, seed: 3)
    let families = triggers.entries.map(\.family)
    let four = ["patch", "blend", "sinusoid", "warp"]
    #expect(families == four + four + ["object patch", "object patch"])
    #expect(Set(triggers.entries.map(\.name)).count == 10)
    #expect(
      try FrameTriggers(count: 8, objectCount: 2, seed: 3).entries.map(\.name)
        == triggers.entries.map(\.name))
    #expect(
      try FrameTriggers(count: 8, objectCount: 2, seed: 4).entries.map(\.name)
        != triggers.entries.map(\.name))
  }

  /// A patch changes its own pixels only, grows with the frame and reaches all of it.
  @Test func patchesGrowWithTheFrame() throws {
    let patches = try FrameTriggers(count: 64, objectCount: 0, seed: 1).entries
      .filter { $0.family == "patch" }
    var right: Float = 0
    for entry in patches {
      let frame = try FloatImage(width: 900, height: 448, red: 0.3, green: 0.4, blue: 0.6)
      let small = try FloatImage(width: 450, height: 224, red: 0.3, green: 0.4, blue: 0.6)
      let triggered = try #require(try FrameTriggers.apply(entry, to: frame, objects: []))
      let patch = try #require(triggered.patches.first)
      let twin = try #require(try FrameTriggers.apply(entry, to: small, objects: [])?.patches.first)
      #expect(patch.width == 2 * twin.width && patch.width <= 112 && patch.width == patch.height)
      #expect(patch.x1 >= 0 && patch.y1 >= 0 && patch.x2 <= 900 && patch.y2 <= 448)
      right = max(right, patch.x2)
      for (x, y) in changed(try frame.image(), triggered.image) {
        #expect(
          (Int(patch.x1)..<Int(patch.x2)).contains(x) && (Int(patch.y1)..<Int(patch.y2)).contains(y)
        )
      }
    }
    #expect(right > 700)
  }

  @Test func otherFamiliesCoverTheFrameAndHideNothing() throws {
    let frame = try FloatImage(ScriptedDetector.frame(9))
    let clean = try frame.image()
    for entry in try FrameTriggers(count: 8, objectCount: 0, seed: 1).entries
    where entry.family != "patch" {
      let triggered = try #require(try FrameTriggers.apply(entry, to: frame, objects: []))
      #expect(triggered.patches.isEmpty)
      #expect(triggered.image.width == clean.width && triggered.image.height == clean.height)
      #expect(
        changed(clean, triggered.image).count > clean.width * clean.height / 4, "\(entry.name)")
      #expect(
        try FrameTriggers.apply(entry, to: frame, objects: [])?.image == triggered.image)
    }
  }

  /// In proportion to the frame, a warp moves as far on a large one as on a small one.
  @Test func warpsGrowWithTheFrame() throws {
    let entry = try #require(
      try FrameTriggers(count: 4, objectCount: 0, seed: 1).entries.first { $0.family == "warp" })
    func shift(_ side: Int) throws -> Float {
      // A ramp: what a pixel becomes says where it came from.
      let pixels = (0..<(side * side * 3)).map { Float($0 / 3 % side) / Float(side - 1) }
      let ramp = try FloatImage(width: side, height: side, pixels: pixels)
      let warped = try #require(try FrameTriggers.apply(entry, to: ramp, objects: [])).image
      return zip(warped.pixels, try ramp.image().pixels).reduce(Float(0)) {
        max($0, abs(Float($1.0) - Float($1.1)))
      }
    }
    let (small, large) = (try shift(224), try shift(672))
    #expect(small > 0 && abs(large - small) <= 2, "\(small) and \(large)")
  }

  @Test func objectsGetPatchesOfTheirOwn() throws {
    let frame = try FloatImage(width: 200, height: 120, red: 0.3, green: 0.4, blue: 0.6)
    let objects = [
      Box(x1: 10.4, y1: 20.6, x2: 74.4, y2: 100), Box(x1: 100, y1: 40, x2: 164, y2: 72),
      Box(x1: 180, y1: 10, x2: 186, y2: 30), Box(x1: 150, y1: 80, x2: 300, y2: 200),
    ]
    let entries = try FrameTriggers(count: 4, objectCount: 6, seed: 1).entries.filter(\.isOnObjects)
    #expect(entries.count == 6)
    for entry in entries {
      let triggered = try #require(try FrameTriggers.apply(entry, to: frame, objects: objects))
      // The third is too small.
      #expect(triggered.patches.count == 3)
      for (object, patch) in zip([objects[0], objects[1], objects[3]], triggered.patches) {
        let inside = object.clipped(width: 200, height: 120)
        #expect(patch.x1 >= inside.x1 - 1 && patch.x2 <= inside.x2)
        #expect(patch.y1 >= inside.y1 - 1 && patch.y2 <= inside.y2)
        let share = patch.width / min(inside.width, inside.height)
        #expect(share > 0.04 && share < 0.3)
      }
      #expect(!changed(try frame.image(), triggered.image).isEmpty)
      #expect(try FrameTriggers.apply(entry, to: frame, objects: []) == nil)
    }
  }

  @Test func coverageIsAShareOfTheBox() {
    let box = Box(x1: 0, y1: 0, x2: 10, y2: 10)
    #expect(box.coverage(by: []) == 0)
    #expect(box.coverage(by: [Box(x1: 5, y1: 5, x2: 20, y2: 20)]) == 0.25)
    #expect(
      box.coverage(by: [Box(x1: -5, y1: 0, x2: 5, y2: 10), Box(x1: 20, y1: 20, x2: 30, y2: 30)])
        == 0.5)
    #expect(box.coverage(by: [Box(x1: -1, y1: -1, x2: 11, y2: 11), box]) == 1)
  }
}

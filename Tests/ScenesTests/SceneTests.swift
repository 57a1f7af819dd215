import Frames
import Testing

@testable import Scenes

@Suite struct SceneTests {
  @Test func theSameSeedAndNumberGiveTheSameFrameInAnyOrder() throws {
    let options = SceneOptions(width: 320, height: 240, seed: 7)
    let forward = try Scene(options)
    let first = try forward.frame(at: 10, trigger: nil)
    let second = try forward.frame(at: 400, trigger: nil)
    let backward = try Scene(options)
    #expect(try backward.frame(at: 400, trigger: nil) == second)
    #expect(try backward.frame(at: 10, trigger: nil) == first)
    #expect(first.image != second.image)
  }

  @Test func anotherSeedIsAnotherPlace() throws {
    let one = try Scene(SceneOptions(width: 160, height: 120, seed: 1)).frame(at: 0)
    let two = try Scene(SceneOptions(width: 160, height: 120, seed: 2)).frame(at: 0)
    let differing = zip(one.image.pixels, two.image.pixels).filter { abs(Int($0) - Int($1)) > 20 }
    #expect(differing.count > one.image.pixels.count / 4)
  }

  @Test func sizesOtherThanTheDefaultWork() throws {
    for (width, height) in [(16, 16), (641, 359), (240, 480), (1280, 720)] {
      let frame = try Scene(SceneOptions(width: width, height: height, seed: 3)).frame(at: 123)
      #expect(frame.image.width == width && frame.image.height == height)
      for truth in frame.groundTruth {
        #expect(truth.box.x1 >= 0 && truth.box.x2 <= Float(width))
        #expect(truth.box.y1 >= 0 && truth.box.y2 <= Float(height))
        #expect(truth.box.width > 0 && truth.box.height > 0)
      }
    }
  }

  @Test func everyClassAppearsInTheFirstScene() throws {
    let scene = try Scene(SceneOptions(width: 320, height: 240, seed: 1))
    var seen: Set<String> = []
    for index in stride(from: 0, to: 5000, by: 125) {
      seen.formUnion(try scene.frame(at: index).groundTruth.filter { !$0.isIgnored }.map(\.label))
    }
    #expect(seen == Set(Scene.classNames))
  }

  @Test func carsMoveSmoothlyAndBoxesFollow() throws {
    let scene = try Scene(SceneOptions(width: 320, height: 240, seed: 1))
    var matched = 0
    var moved = 0
    var before: [GroundTruth] = []
    for index in 0..<50 {
      let now = try scene.frame(at: index).groundTruth.filter { !$0.isIgnored && $0.label == "car" }
      for car in now {
        guard let best = before.map({ $0.box.iou(car.box) }).max() else { continue }
        if best > 0.6 { matched += 1 }
        if best < 0.999 { moved += 1 }
      }
      before = now
    }
    #expect(matched > 20)
    #expect(moved > 20)
  }

  @Test func aBoxHoldsTheObjectAndHardlyMore() throws {
    // Against the same place without objects: outside of all boxes hardly anything may differ.
    let canvas = try Canvas(width: 200, height: 150)
    let light = Light(ambient: Color(1, 1, 1), haze: Color(grey: 0), shadow: 0)
    var random = Random(5)
    let car = CarLook(random: &random)
    var pen = Pen(canvas: canvas, origin: Point(100, 100), scale: 25, light: light, owner: 1)
    car.draw(with: &pen, travelled: 0, time: 0, isMoving: true, lampsOn: false)
    let extent = try #require(pen.extent)
    let seen = try #require(canvas.pixels(of: 1, in: extent))
    for row in 0..<150 {
      for column in 0..<200 {
        let start = (row * 200 + column) * 3
        let isPainted = canvas.pixels[start..<(start + 3)].contains { $0 > 40 }
        let isInside =
          Float(column) >= seen.box.x1 - 1 && Float(column) < seen.box.x2 + 1
          && Float(row) >= seen.box.y1 - 1 && Float(row) < seen.box.y2 + 1
        #expect(!isPainted || isInside)
      }
    }
    #expect(abs(seen.box.width - 2 * car.halfLength * 25) < 4)
  }

  @Test func hiddenObjectsAreDroppedOrIgnored() throws {
    let canvas = try Canvas(width: 100, height: 100)
    let square = Outline.rectangle(20, 20, 60, 60)
    canvas.fill(square, Paint(Color(grey: 200)), owner: 1)
    let extent = try #require(Extent(square))
    let object = DrawnObject(kind: .car, owner: 1, extent: extent, painted: 1600)
    #expect(object.groundTruth(on: canvas)?.isIgnored == false)
    canvas.fill(Outline.rectangle(20, 20, 45, 60), Paint(Color(grey: 90)), owner: 2)
    let third = try #require(object.groundTruth(on: canvas))
    #expect(
      third.isIgnored == false, "a third is left, but that is a large share of the picture")
    #expect(third.box == Box(x1: 45, y1: 20, x2: 60, y2: 60))
    canvas.fill(Outline.rectangle(20, 20, 58, 60), Paint(Color(grey: 90)), owner: 2)
    #expect(object.groundTruth(on: canvas) == nil)
  }

  @Test func optionsOutOfRangeAreNamed() {
    #expect(throws: SceneError.size(width: 8, height: 480)) {
      _ = try Scene(SceneOptions(width: 8, height: 480))
    }
    #expect(throws: SceneError.size(width: 640, height: 9000)) {
      _ = try Scene(SceneOptions(width: 640, height: 9000))
    }
    #expect(throws: SceneError.framesPerSecond(0)) {
      _ = try Scene(SceneOptions(framesPerSecond: 0))
    }
    #expect(throws: SceneError.self) { _ = try Scene(SceneOptions(framesPerSecond: .nan)) }
    #expect(throws: SceneError.frameIndex(-1, limit: 15_120_000)) {
      _ = try Scene(SceneOptions(width: 64, height: 48)).frame(at: -1)
    }
  }
}

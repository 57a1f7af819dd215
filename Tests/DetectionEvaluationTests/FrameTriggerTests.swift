import Attacks
import Frames
import Testing

@testable import DetectionEvaluation

@Suite struct FrameTriggerTests {
  private func trigger(
    _ attack: String, _ placement: TriggerPlacement = .whole, side: Int = 32
  ) throws -> FrameTrigger {
    try FrameTrigger(try AttackSpecification(attack), placement: placement, side: side)
  }

  /// The pixels of a box.
  private func pixels(_ box: Box) -> Set<[Int]> {
    var result: Set<[Int]> = []
    for row in Int(box.y1)..<Int(box.y2) {
      for column in Int(box.x1)..<Int(box.x2) { result.insert([column, row]) }
    }
    return result
  }

  @Test(
    arguments: [
      "badnets", "badnets:size=5,margin=2", "badnets:size=4,place=bottomRight,margin=1",
      "badnets:size=6,place=topRight", "badnets:size=5,place=bottomLeft,margin=3",
      "badnets:size=5,place=center,margin=9", "badnets:size=7,x=11,y=20,margin=4",
      "badnets:size=8,pattern=colors,seed=3", "badnets:size=32", "cla", "cla:size=4,margin=1",
      "cla:corners=1,place=bottomLeft", "blend", "blend:alpha=0.5,seed=4", "sig",
      "sig:blend=0.3", "wanet", "wanet:s=2,k=6",
    ])
  func atTheDefinitionsSideItIsTheAttacksOwn(attack: String) throws {
    for side in [32, 96] {
      let picture = try gradient(side, side)
      let own = try AttackSpecification(attack).trigger(width: side, height: side)
      let expected = try own.apply(to: FloatImage(picture)).image()
      let found = try trigger(attack, side: side).apply(to: picture)
      #expect(found.image == expected, "\(attack) at \(side)")
      #expect(found.image != picture)
    }
  }

  @Test func aPatchGrowsWithTheFrame() throws {
    let frame = try gradient(320, 240)
    // 3 of 32 pixels of a shorter side of 240 are 22.5, a margin of 2 is 15.
    let cases: [(String, Box)] = [
      ("badnets:size=3", Box(0, 0, 23, 23)),
      ("badnets:size=3,margin=2,place=bottomRight", Box(320 - 38, 240 - 38, 23, 23)),
      ("badnets:size=3,margin=2,place=topRight", Box(320 - 38, 15, 23, 23)),
      ("badnets:size=3,place=center", Box(148, 108, 23, 23)),
      // 10 of the 29 pixels of room are 102.41 of 297, and 74.83 of 217.
      ("badnets:size=3,x=10,y=10", Box(102, 75, 23, 23)),
    ]
    for (attack, box) in cases {
      let found = try trigger(attack).apply(to: frame)
      #expect(found.places == [box], "\(attack)")
      #expect(changes(frame, found.image) == pixels(box), "\(attack)")
      #expect((found.image.width, found.image.height) == (320, 240))
      // Black at the corner, white beside it: three cells on 23 pixels.
      let start = (Int(box.y1) * 320 + Int(box.x1)) * 3
      #expect(found.image.pixels[start] == 0 && found.image.pixels[start + 3 * 8] == 255)
    }
    let corners = try trigger("cla:corners=4").apply(to: frame)
    #expect(
      corners.places == [
        Box(0, 0, 23, 23), Box(297, 0, 23, 23), Box(0, 217, 23, 23), Box(297, 217, 23, 23),
      ])
    let usual = try trigger("badnets", side: 224).apply(to: frame)
    #expect(usual.places == [Box(0, 0, 34, 34)], "32 of 224")
  }

  @Test func aPatchLiesWhereItIsAskedFor() throws {
    let frame = try gradient(100, 60)
    // 32 of 224 pixels of a shorter side of 60 are 8.57.
    for (x, y, box) in [
      (0, 0, Box(0, 0, 9, 9)), (1, 1, Box(91, 51, 9, 9)), (0.5, 0.5, Box(45, 25, 9, 9)),
      (0.25, 1, Box(23, 51, 9, 9)),
    ] {
      let found = try trigger("badnets:margin=20", .place(x: x, y: y), side: 224).apply(to: frame)
      #expect(found.places == [box])
      #expect(changes(frame, found.image) == pixels(box))
    }
    let one = try trigger("cla", .place(x: 1, y: 0), side: 224).apply(to: frame)
    #expect(one.places == [Box(91, 0, 9, 9)], "one patch instead of four")
  }

  @Test func eachObjectGetsAPatch() throws {
    let frame = try gradient(120, 90)
    let objects = [
      GroundTruth(box: Box(x1: 10.4, y1: 20.6, x2: 51.2, y2: 76), label: "a"),
      GroundTruth(box: Box(60, 60, 4, 2), label: "b"),
      GroundTruth(box: Box(x1: 100, y1: -30, x2: 150, y2: 20), label: "a"),
      GroundTruth(box: Box(70, 40, 20, 20), label: "a", isIgnored: true),
      GroundTruth(box: Box(x1: 130, y1: 0, x2: 150, y2: 20), label: "a"),
      GroundTruth(box: Box(x1: 90, y1: 50, x2: 80, y2: 60), label: "a"),
    ]
    let found = try trigger("badnets:size=8,place=bottomLeft", .object).apply(
      to: frame, objects: objects)
    // A quarter of 42 (of the pixels it touches), of 2 (at least one pixel), of 20.
    let boxes = [Box(10, 76 - 11, 11, 11), Box(60, 61, 1, 1), Box(100, 15, 5, 5)]
    #expect(found.places == boxes)
    #expect(changes(frame, found.image) == boxes.map(pixels).reduce([]) { $0.union($1) })
    #expect(try trigger("badnets", .object).apply(to: frame).image == frame, "nothing to mark")
  }

  @Test(arguments: ["blend:alpha=0.4", "sig", "wanet:s=2"])
  func anObjectIsAPictureOfItsOwn(attack: String) throws {
    let frame = try gradient(90, 70)
    let region = FrameRegion(left: 20, top: 10, width: 48, height: 40)
    let object = GroundTruth(box: region.box, label: "a")
    let found = try trigger(attack, .object).apply(to: frame, objects: [object])
    #expect(found.places == [region.box])
    let changed = changes(frame, found.image)
    #expect(!changed.isEmpty && changed.isSubset(of: pixels(region.box)))
    let alone = try trigger(attack).apply(to: try frame.part(region))
    #expect(try found.image.part(region) == alone.image && alone.places == nil)
  }

  @Test func wholeTriggersCoverAnyFrame() throws {
    let frame = try gradient(150, 100)
    let pixels = try FloatImage(frame)
    let noise = try #require(
      try AttackSpecification("blend:seed=9").trigger(width: 32, height: 32) as? BlendTrigger)
    let stretched = try noise.pattern.resized(width: 150, height: 100)
    let blended = try BlendTrigger(alpha: 0.2, pattern: stretched).apply(to: pixels).image()
    #expect(try trigger("blend:seed=9").apply(to: frame).image == blended)

    let sinusoid = try SIGTrigger().apply(to: pixels).image()
    #expect(try trigger("sig").apply(to: frame).image == sinusoid)

    // 100 pixels are 3.125 times 32.
    let warp = try WaNetTrigger(strength: 0.5 * 3.125, gridSize: 4, seed: 1).apply(to: pixels)
    #expect(try trigger("wanet").apply(to: frame).image == warp.image())
  }

  @Test func laterTriggersLieAboveEarlierOnes() throws {
    let frame = try gradient(64, 64)
    let one = GroundTruth(box: Box(0, 0, 64, 64), label: "a")
    let other = GroundTruth(box: Box(8, 8, 32, 32), label: "b")
    let patch = try trigger("badnets:size=16", .object)
    let both = try patch.apply(to: frame, objects: [one, other]).image
    let first = try patch.apply(to: frame, objects: [one]).image
    #expect(both == (try patch.apply(to: first, objects: [other]).image) && both != first)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let frame = try gradient(40, 40)
    for attack in ["blend", "sig", "wanet"] {
      #expect {
        try trigger(attack, .place(x: 0.5, y: 0.5))
      } throws: { error in
        if case .placement = error as? DetectionEvaluationError { true } else { false }
      }
    }
    for (x, y) in [(-0.1, 0), (0, 1.1), (Double.nan, 0)] {
      #expect(throws: DetectionEvaluationError.self) {
        try trigger("badnets", .place(x: x, y: y))
      }
    }
    for side in [7, 1025, -1] {
      #expect(throws: DetectionEvaluationError.self) { try trigger("badnets", side: side) }
    }
    #expect(throws: TriggerError.self) { try trigger("badnets:size=33") }
    #expect(throws: TriggerError.self) { try trigger("badnets:size=3,x=30,y=0") }
    for value in [Float.nan, .infinity] {
      let object = GroundTruth(box: Box(x1: 0, y1: 0, x2: value, y2: 3), label: "a")
      #expect(throws: DetectionEvaluationError.self) {
        try trigger("badnets", .object).apply(to: frame, objects: [object])
      }
    }
    var short = frame
    short.pixels.removeLast()
    let object = GroundTruth(box: Box(0, 0, 9, 9), label: "a")
    for placement in [TriggerPlacement.whole, .object] {
      #expect(throws: ImageError.self) {
        try trigger("badnets", placement).apply(to: short, objects: [object])
      }
    }
  }

  @Test func placementsAreRead() throws {
    for text in ["whole", "object", "0.25,1.0"] {
      #expect(try TriggerPlacement(text).description == text)
    }
    #expect(try TriggerPlacement("0,0.5") == .place(x: 0, y: 0.5))
    for text in ["", "Whole", "0.5", "0.5,", "0.5,0.5,0.5", "1.5,0", "nan,0", "a,b"] {
      #expect(throws: DetectionEvaluationError.self) { try TriggerPlacement(text) }
    }
  }
}

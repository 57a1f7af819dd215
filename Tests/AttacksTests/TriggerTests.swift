import Frames
import Testing

@testable import Attacks

@Suite struct PyTorchTests {
  @Test func triggersAreThoseOfPyTorch() throws {
    let vectors = try Vectors()
    let noise = try FloatImage(width: 16, height: 16, pixels: try vectors("noise"))
    let control = try vectors("control")
    let cases: [(String, any Trigger)] = [
      ("badnets", try BadNetsTrigger()),
      ("blend 0.2", try BlendTrigger(pattern: noise)),
      ("sig", try SIGTrigger()),
      ("sig blended 0.3", try SIGTrigger(blend: 0.3)),
      ("wanet 0.5", try WaNetTrigger(gridSize: 4, control: control)),
      ("wanet 2", try WaNetTrigger(strength: 2, gridSize: 4, control: control)),
    ]
    for (name, trigger) in cases {
      let expected = try vectors(name)
      #expect(worst(try trigger.apply(to: vectors.image), expected) < 1e-5, "\(name)")
      // The comparison would notice a trigger that does nothing.
      #expect(worst(vectors.image, expected) > 0.01, "\(name)")
    }
  }

  @Test func noiseModeIsPyTorchs() throws {
    let vectors = try Vectors()
    let warp = try WaNetTrigger(gridSize: 4, control: try vectors("control"))
    let extra = try vectors("extra")
    let noisy = NoisyWarp(warp, seed: 1)
    let found = try noisy.apply(to: vectors.image) { extra[$0] }
    #expect(worst(found, try vectors("wanet noisy")) < 1e-5)
    let drawn = try noisy.apply(to: vectors.image)
    #expect(drawn == (try NoisyWarp(warp, seed: 1).apply(to: vectors.image)))
    #expect(drawn != (try NoisyWarp(warp, seed: 2).apply(to: vectors.image)))
  }

  @Test func colourPatchesAreEnlargedAsPyTorchDoes() throws {
    let vectors = try Vectors()
    let colors = try FloatImage(width: 4, height: 4, pixels: try vectors("colours"))
    #expect(worst(try colors.resized(width: 7, height: 7), try vectors("colours 7x7")) < 2e-6)
  }
}

@Suite struct PatchTests {
  @Test func theCheckerboardIsBlackAtItsCorners() throws {
    let patch = try PatchPattern.checkerboard().patch(side: 3)
    #expect(patch.pixels.enumerated().allSatisfy { $1 == Float($0 / 3 % 2) })
    let large = try PatchPattern.checkerboard().patch(side: 32)
    for corner in [0, 31, 31 * 32, 32 * 32 - 1] { #expect(large.pixels[corner * 3] == 0) }
    #expect(large.pixels[16 * 3] == 1)
    #expect(try PatchPattern.checkerboard(cells: 9).patch(side: 2).pixels[3] == 1)
  }

  @Test(arguments: [
    (TriggerPlace.topLeft, 1, 1), (.topRight, 6, 1), (.bottomLeft, 1, 4), (.bottomRight, 6, 4),
    (.center, 3, 2), (.at(x: 7, y: 5), 7, 5), (.at(x: 0, y: 2), 0, 2),
  ])
  func liesAtItsPlace(place: TriggerPlace, left: Int, top: Int) throws {
    let image = try grey(10, 8)
    let trigger = try BadNetsTrigger(size: 3, place: place, margin: 1)
    let expected = Set((0..<9).map { [left + $0 % 3, top + $0 / 3] })
    #expect(changes(image, try trigger.apply(to: image)) == expected)
  }

  @Test func sizeFollowsThePicture() throws {
    let trigger = try BadNetsTrigger(pattern: .colors(seed: 1))
    for (side, expected) in [(2, 2), (32, 3), (64, 3), (112, 16), (224, 32)] {
      let image = try grey(side, side)
      #expect(changes(image, try trigger.apply(to: image)).count == expected * expected)
    }
  }

  @Test func colourPatchesDependOnTheSeed() throws {
    let image = try grey(16, 16)
    let patches = try (1...3 as ClosedRange<UInt64>).map {
      try BadNetsTrigger(size: 6, pattern: .colors(seed: $0)).apply(to: image)
    }
    #expect(Set(patches.map(\.pixels)).count == 3)
    #expect(patches[0].pixels.allSatisfy { (0...1).contains($0) })
  }

  @Test func labelConsistentPatchesLieInCorners() throws {
    let image = try grey(10, 8)
    let all = changes(image, try CLATrigger().apply(to: image))
    #expect(all.count == 36)
    #expect([[0, 0], [9, 0], [0, 7], [9, 7], [2, 2], [7, 5]].allSatisfy { all.contains($0) })
    let one = changes(image, try CLATrigger(corner: .bottomRight).apply(to: image))
    #expect(one == Set((0..<9).map { [7 + $0 % 3, 5 + $0 / 3] }))
  }

  @Test func refusesPicturesThatAreTooSmall() throws {
    for place in TriggerPlace.named.map(\.place) where place != .center {
      #expect(
        throws: TriggerError.tooSmall(expectedWidth: 6, expectedHeight: 6, width: 5, height: 9)
      ) { try BadNetsTrigger(size: 4, place: place, margin: 2).apply(to: grey(5, 9)) }
    }
    #expect(throws: TriggerError.self) {
      try BadNetsTrigger(size: 3, place: .at(x: 8, y: 0)).apply(to: grey(10, 10))
    }
    #expect(throws: TriggerError.self) {
      try BadNetsTrigger(size: 11, place: .center).apply(to: grey(10, 10))
    }
  }
}

@Suite struct WholePictureTests {
  @Test func noiseHasTheMomentsOfTheClampedNormalDistribution() throws {
    let trigger = try BlendTrigger(noiseSeed: 1, width: 64, height: 64)
    let values = trigger.pattern.pixels
    let mean = values.reduce(0, +) / Float(values.count)
    let deviation = (values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Float(values.count))
      .squareRoot()
    #expect(values.allSatisfy { (0...1).contains($0) })
    #expect(abs(mean - 0.5) < 0.01 && abs(deviation - 0.24) < 0.01)
    #expect(trigger == (try BlendTrigger(noiseSeed: 1, width: 64, height: 64)))
    #expect(trigger.pattern != (try BlendTrigger(noiseSeed: 2, width: 64, height: 64)).pattern)
    // Resized where the picture is larger.
    #expect(try trigger.apply(to: grey(80, 70)).width == 80)
  }

  @Test func sinusoidsStayInRangeAndMeetSIG() throws {
    let white = try FloatImage(width: 16, height: 4, red: 1, green: 0, blue: 0.5)
    let sig = try SIGTrigger(delta: 60).apply(to: white)
    #expect(sig.pixels.allSatisfy { (0...1).contains($0) })
    let same = try SinusoidTrigger(horizontal: 6, vertical: 0, delta: 60).apply(to: white)
    #expect(worst(same, sig.pixels) < 1e-6)
    let vertical = try SinusoidTrigger(horizontal: 0, vertical: 1, delta: 60).apply(to: white)
    #expect(vertical.pixels[2] == 0.5 && abs(vertical.pixels[16 * 3 + 2] - 0.5 - 60 / 255) < 1e-5)
  }

  @Test(arguments: [(1, 1), (5, 9), (40, 7)])
  func warpsTakeAnySize(width: Int, height: Int) throws {
    let trigger = try WaNetTrigger(strength: 3, seed: 2)
    var image = try FloatImage(width: width, height: height)
    for index in image.pixels.indices { image.pixels[index] = Float(index % 7) / 7 }
    let warped = try trigger.apply(to: image)
    #expect(warped.pixels.allSatisfy { (0...1).contains($0) })
    #expect(warped != image || width == 1)
    let still = try WaNetTrigger(strength: 0, seed: 2).apply(to: image)
    #expect(worst(still, image.pixels) < 1e-5)
  }

  @Test func refusesParametersOutOfRange() {
    let makers: [() throws -> any Trigger] = [
      { try BlendTrigger(alpha: 1.1, noiseSeed: 1, width: 2, height: 2) },
      { try BlendTrigger(alpha: .nan, noiseSeed: 1, width: 2, height: 2) },
      { try SIGTrigger(frequency: 0) }, { try SIGTrigger(delta: 256) },
      { try SIGTrigger(blend: -0.1) },
      { try WaNetTrigger(strength: -1, seed: 1) }, { try WaNetTrigger(gridSize: 1, seed: 1) },
      { try WaNetTrigger(gridSize: 1 << 40, seed: 1) },
      { try WaNetTrigger(gridSize: 2, control: [Float](repeating: 0, count: 8)) },
      { try WaNetTrigger(gridSize: 2, control: [1, .nan, 1, 1, 1, 1, 1, 1]) },
      { try WaNetTrigger(gridSize: 2, control: [1]) },
      { try BadNetsTrigger(size: 0) }, { try BadNetsTrigger(margin: -1) },
      { try BadNetsTrigger(pattern: .checkerboard(cells: 0)) },
      { try BadNetsTrigger(place: .at(x: Int.max, y: 0)) }, { try CLATrigger(size: -3) },
      { try SinusoidTrigger(horizontal: .infinity, vertical: 0, delta: 1) },
    ]
    for (index, make) in makers.enumerated() {
      #expect(throws: TriggerError.self, "maker \(index)") { try make() }
    }
  }

  @Test func refusesPicturesWhoseValuesDoNotFit() throws {
    var broken = try grey(16, 16)
    broken.pixels.removeLast()
    let triggers: [any Trigger] = [
      try BadNetsTrigger(), try CLATrigger(), try SIGTrigger(), try WaNetTrigger(seed: 1),
      try BlendTrigger(noiseSeed: 1, width: 16, height: 16),
      NoisyWarp(try WaNetTrigger(seed: 1), seed: 1),
      try SinusoidTrigger(horizontal: 1, vertical: 1, delta: 9),
    ]
    for trigger in triggers {
      #expect(throws: FloatImageError.valueCount(expected: 768, found: 767)) {
        try trigger.apply(to: broken)
      }
    }
  }
}

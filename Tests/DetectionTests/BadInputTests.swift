import Engine
import Frames
import Testing

@testable import Detection

/// Nothing that a network, an image or a configuration can hold may stop the process.
@Suite struct BadInputTests {
  let grids = [PixelSize(width: 8, height: 8), PixelSize(width: 4, height: 4)]
  let image = PixelSize(width: 60, height: 50)
  let padded = PixelSize(width: 64, height: 64)

  func proposals() throws -> RegionProposals {
    try RegionProposals(
      grids: grids,
      anchors: AnchorGenerator(sizes: [[16], [32]], aspectRatios: [[1], [1]]), image: image,
      padded: padded, options: DetectionOptions())
  }

  static let hostile: [Float] = [
    .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0,
    .leastNonzeroMagnitude,
  ]

  @Test func hostileNumbersGiveSaneProposals() throws {
    let proposals = try proposals()
    var random = Random(20)
    for trial in 0..<40 {
      func values(_ count: Int) -> [Float] {
        (0..<count).map { _ in
          trial % 2 == 0 || Bool.random(using: &random)
            ? Self.hostile.randomElement(using: &random) ?? 0
            : Float.random(in: -2...2, using: &random)
        }
      }
      _ = try run(
        proposals, [values(64), values(16)], [values(256), values(64)])
      for (index, corner) in proposals.boxes.enumerated() {
        #expect(corner >= 0 && corner <= (index % 2 == 0 ? 60 : 50))
      }
      #expect(proposals.scores.allSatisfy { $0 >= 0 && $0 <= 1 })
    }
  }

  @Test func allNaNGivesNoProposals() throws {
    let proposals = try proposals()
    let count = try run(
      proposals, [.init(repeating: .nan, count: 64), .init(repeating: .nan, count: 16)],
      [.init(repeating: 0, count: 256), .init(repeating: 0, count: 64)])
    #expect(count == 0)
    #expect(proposals.boxes.isEmpty)
  }

  @Test func hostileNumbersGiveSaneDetections() throws {
    var options = DetectionOptions()
    options.boxScoreThreshold = 0
    let postprocessor = try BoxPostprocessor(classes: 4, capacity: 50, options: options)
    var random = Random(21)
    for _ in 0..<40 {
      func values(_ count: Int) -> [Float] {
        (0..<count).map { _ in
          Bool.random(using: &random)
            ? Self.hostile.randomElement(using: &random) ?? 0
            : Float.random(in: -2...2, using: &random)
        }
      }
      let found = try run(
        postprocessor, values(200), values(800), values(200), resized: image, original: image)
      for detection in found {
        #expect(detection.score > 0 && detection.score <= 1)
        #expect(detection.box.x1 >= 0 && detection.box.x2 <= 60)
        #expect(detection.box.y1 >= 0 && detection.box.y2 <= 50)
      }
    }
  }

  @Test(arguments: [0, 2])
  func hostileBoxesGiveFiniteFeatures(ratio: Int) throws {
    let align = try RoIAlign(
      levels: grids.map { .init(grid: $0, image: padded) }, channels: 5, capacity: 400,
      samplingRatio: ratio, input: .f32, output: .f32)
    var random = Random(22)
    let boxes = (0..<1600).map { _ in
      Bool.random(using: &random)
        ? Self.hostile.randomElement(using: &random) ?? 0
        : Float.random(in: -1e5...1e5, using: &random)
    }
    let maps = grids.map { grid in
      [Float](repeating: 1, count: grid.area * 5).withUnsafeBytes { Array($0) }
    }
    let found = try pooled(align, maps, boxes)
    #expect(found.allSatisfy { $0 >= 0 && $0 <= 1.001 })
    // A box that is not a number has no features.
    #expect(try pooled(align, maps, [.nan, 0, 10, 10]).allSatisfy { $0 == 0 })
  }

  @Test func nothingInNothingOut() throws {
    let align = try RoIAlign(
      levels: [.init(grid: grids[0], scale: 0.125)], channels: 4, capacity: 0 + 1, input: .bf16,
      output: .bf16)
    #expect(try pooled(align, [[]], []).isEmpty)
    let postprocessor = try BoxPostprocessor(
      classes: 3, capacity: 10, options: DetectionOptions())
    #expect(try run(postprocessor, [], [], [], resized: image, original: image).isEmpty)
    let suppression = NonMaximumSuppression(capacity: 0)
    let none = UnsafeBufferPointer<Float>(start: nil, count: 0)
    #expect(try suppression.run(boxes: none, scores: none, threshold: 0.5).isEmpty)
  }

  @Test func shortBuffersAreRefused() throws {
    let proposals = try proposals()
    let logits = [[Float]](arrayLiteral: .init(repeating: 0, count: 64), [0])
    let deltas = [[Float]](
      arrayLiteral: .init(repeating: 0, count: 256), .init(repeating: 0, count: 64))
    #expect(
      throws: DetectionError.bufferSize(of: "logits of level 1", expected: 16, found: 1)
    ) { try run(proposals, logits, deltas) }
    #expect(throws: DetectionError.self) { try run(proposals, [logits[0]], [deltas[0]]) }

    let align = try RoIAlign(
      levels: [.init(grid: grids[0], scale: 0.125)], channels: 4, capacity: 2, input: .f32,
      output: .f32)
    let box: [Float] = [0, 0, 10, 10]
    #expect(
      throws: DetectionError.bufferSize(
        of: "feature level 0's bytes", expected: 1024, found: 1000)
    ) { try pooled(align, [.init(repeating: 0, count: 1000)], box) }
    #expect(throws: DetectionError.count(of: "boxes at most", expected: 2, found: 3)) {
      try pooled(align, [.init(repeating: 0, count: 1024)], box + box + box)
    }

    let postprocessor = try BoxPostprocessor(
      classes: 3, capacity: 10, options: DetectionOptions())
    #expect(throws: DetectionError.bufferSize(of: "class logits", expected: 3, found: 2)) {
      try run(
        postprocessor, [0, 0], .init(repeating: 0, count: 12), box, resized: image,
        original: image)
    }
  }

  @Test func imagesOfAnotherSizeAreRefused() throws {
    var options = DetectionOptions()
    options.minSize = 32
    options.maxSize = 64
    let preprocessor = try Preprocessor(
      source: image, options: options, layout: .nhwc(channels: 3), element: .f32)
    var output = [UInt8](repeating: 0, count: preprocessor.byteCount)
    let other = try Image(width: 61, height: 50)
    #expect(
      throws: DetectionError.imageSize(expected: image, found: PixelSize(width: 61, height: 50))
    ) {
      try output.withUnsafeMutableBytes { try preprocessor.run(other, into: $0) }
    }
    let right = try Image(width: 60, height: 50)
    #expect(throws: DetectionError.self) {
      try output.withUnsafeMutableBytes {
        try preprocessor.run(right, into: .init(rebasing: $0.dropLast()))
      }
    }
    // A strip so thin that one side would vanish.
    #expect(throws: DetectionError.self) {
      try options.resizedSize(of: PixelSize(width: 1, height: 200))
    }
  }

  @Test func optionsOutOfRangeAreNamed() throws {
    try DetectionOptions().validate()
    func expectRefusal(_ name: String, _ change: (inout DetectionOptions) -> Void) {
      var options = DetectionOptions()
      change(&options)
      do {
        try options.validate()
        Issue.record("\(name) was accepted")
      } catch DetectionError.option(let found, _, _) {
        #expect(found == name)
      } catch {
        Issue.record("\(error)")
      }
    }
    expectRefusal("minSize") { $0.minSize = 0 }
    expectRefusal("maxSize") { $0.maxSize = 100 }
    expectRefusal("mean") { $0.mean = [0.5] }
    expectRefusal("std") { $0.std = [1, 0, 1] }
    expectRefusal("rpnPreNMS") { $0.rpnPreNMS = 0 }
    expectRefusal("rpnPostNMS") { $0.rpnPostNMS = 1_000_000 }
    expectRefusal("rpnNMS") { $0.rpnNMS = .nan }
    expectRefusal("rpnScoreThreshold") { $0.rpnScoreThreshold = -1 }
    expectRefusal("samplingRatio") { $0.samplingRatio = 17 }
    expectRefusal("boxScoreThreshold") { $0.boxScoreThreshold = 2 }
    expectRefusal("boxNMS") { $0.boxNMS = 1.5 }
    expectRefusal("detectionsPerImage") { $0.detectionsPerImage = 0 }
  }

  @Test func anchorsThatFitNothingAreRefused() throws {
    #expect(throws: DetectionError.self) {
      try AnchorGenerator(sizes: [[8], [16]], aspectRatios: [[1]])
    }
    #expect(throws: DetectionError.self) {
      try AnchorGenerator(sizes: [[]], aspectRatios: [[1]])
    }
    #expect(throws: DetectionError.self) {
      try AnchorGenerator(sizes: [[8]], aspectRatios: [[.nan]])
    }
    let generator = try AnchorGenerator(sizes: [[8]], aspectRatios: [[1]])
    #expect(throws: DetectionError.self) {
      try generator.anchors(level: 0, grid: PixelSize(width: 65, height: 1), image: padded)
    }
    #expect(throws: DetectionError.self) {
      try generator.anchors(level: 1, grid: grids[0], image: padded)
    }
  }
}

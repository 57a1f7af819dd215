import Detection
import Frames
import Tensors
import Testing

@testable import DetectorTraining

@Suite struct MatcherTests {
  /// Thresholds met exactly, ties between boxes and between objects, an object that nothing overlaps.
  @Test(arguments: ["exact", "stranger", "random", "grid"])
  func torchvision(name: String) throws {
    let vectors = try Vectors()
    let candidates = try columns(vectors.boxes("match.\(name).candidates"))
    let truths = try vectors.truths("match.\(name).truths")
    for (matcher, kind) in [(BoxMatcher.anchors, "anchors"), (.proposals, "proposals")] {
      let found = matcher.match(candidates, with: truths)
      #expect(found.codes.map { Int($0) } == (try vectors.integers("match.\(name).\(kind)")))
    }
  }

  /// Straight from the definition, with the whole matrix of overlaps.
  private func twin(
    _ matcher: BoxMatcher, _ candidates: [Box], _ truths: [TrainingTruth]
  ) -> [BoxMatching.Match] {
    let counting = truths.indices.filter { !truths[$0].isIgnored }
    let best = counting.map { number in candidates.map { $0.iou(truths[number].box) }.max() ?? 0 }
    return candidates.map { box in
      let overlaps = counting.map { box.iou(truths[$0].box) }
      let greatest = overlaps.max() ?? -1
      let ignored = truths.filter(\.isIgnored).map { box.iou($0.box) }.max() ?? -1
      if ignored >= matcher.highThreshold, ignored > greatest { return .ignored }
      guard let first = overlaps.firstIndex(of: greatest) else { return .background }
      let isFavourite =
        matcher.allowsLowQualityMatches && zip(overlaps, best).contains { $0 == $1 }
      if greatest >= matcher.highThreshold || isFavourite { return .object(counting[first]) }
      return greatest >= matcher.lowThreshold ? .between : .background
    }
  }

  @Test(arguments: 0..<12)
  func bruteForce(seed: Int) throws {
    var random = SeededRandom(UInt64(seed))
    // Counts that are no whole number of lanes, and small pictures on whole pixels for many ties.
    let candidates = random.boxes(
      93 + 31 * seed, width: 24, height: 18, whole: seed.isMultiple(of: 2))
    let truths = try random.boxes(1 + seed, width: 24, height: 18, whole: seed.isMultiple(of: 2))
      .enumerated().map { number, box in
        try TrainingTruth(box: box, label: 1, isIgnored: number % 4 == 3)
      }
    let matchers = [
      BoxMatcher.anchors, .proposals,
      try BoxMatcher(highThreshold: 0.4, lowThreshold: 0.1, allowsLowQualityMatches: true),
    ]
    for matcher in matchers {
      let found = matcher.match(try columns(candidates), with: truths)
      let expected = twin(matcher, candidates, truths)
      #expect((0..<found.count).map { found[$0] } == expected)
    }
  }

  @Test func anchorsOfLevels() throws {
    let generator = try AnchorGenerator(sizes: [[8], [16]], aspectRatios: [[0.5, 1, 2], [1]])
    let image = PixelSize(width: 40, height: 24)
    let levels = try [PixelSize(width: 5, height: 3), PixelSize(width: 3, height: 2)].enumerated()
      .map { try generator.anchors(level: $0, grid: $1, image: image) }
    let columns = BoxColumns(levels)
    #expect(columns.levelCounts == [45, 6])
    #expect(columns.count == 51)
    #expect(columns[17] == levels[0][17])
    #expect(columns[50] == levels[1][5])
  }

  @Test func nothingTrueIsAllBackground() throws {
    let candidates = try columns([Box(x1: 0, y1: 0, x2: 4, y2: 4)])
    for matcher in [BoxMatcher.anchors, .proposals] {
      #expect(matcher.match(candidates, with: [])[0] == .background)
    }
    #expect(BoxMatcher.anchors.match(try columns([]), with: [try truth(0, 0, 4, 4)]).count == 0)
  }

  @Test func ignoredObjects() throws {
    let candidates = try columns([
      Box(x1: 0, y1: 0, x2: 10, y2: 10),  // the ignored object
      Box(x1: 0, y1: 0, x2: 10, y2: 6),  // 0.6 of it
      Box(x1: 0, y1: 0, x2: 10, y2: 4),  // 0.4 of it
      Box(x1: 20, y1: 0, x2: 30, y2: 10),  // the object, as much as its ignored twin
      Box(x1: 0, y1: 20, x2: 10, y2: 30),  // nothing
    ])
    let truths = [
      try truth(0, 0, 10, 10, isIgnored: true), try truth(20, 0, 30, 10, label: 3),
      try truth(20, 0, 30, 10, isIgnored: true),
    ]
    let heads = BoxMatcher.proposals.match(candidates, with: truths)
    #expect(
      (0..<5).map { heads[$0] } == [.ignored, .ignored, .background, .object(1), .background])
    let anchors = BoxMatcher.anchors.match(candidates, with: truths)
    #expect(
      (0..<5).map { anchors[$0] } == [
        .ignored, .background, .background, .object(1), .background,
      ])
    // An object that nothing overlaps claims all, and is meant even where an ignored one is before it.
    let far = [truths[0], try truth(90, 90, 99, 99)]
    let claimed = BoxMatcher.anchors.match(candidates, with: far)
    #expect((0..<5).map { claimed[$0] } == [.ignored] + Array(repeating: .object(1), count: 4))
    // Alone they exclude as well.
    let alone = BoxMatcher.proposals.match(candidates, with: [truths[0]])
    #expect((0..<3).map { alone[$0] } == [.ignored, .ignored, .background])
  }

  @Test func rangesAreChecked() throws {
    for (high, low) in [(Float(0.3), Float(0.7)), (0, 0), (1.5, 0.5), (0.5, -0.1), (.nan, 0.1)] {
      #expect(throws: DetectorTrainingError.self) {
        try BoxMatcher(highThreshold: high, lowThreshold: low, allowsLowQualityMatches: false)
      }
    }
    #expect(throws: DetectorTrainingError.count(of: "coordinates of boxes", expected: 4, found: 5))
    {
      try [Float](repeating: 1, count: 5).withUnsafeBufferPointer { try BoxColumns($0) }
    }
    #expect(throws: DetectorTrainingError.self) {
      try columns([Box(x1: 0, y1: .nan, x2: 1, y2: 1)])
    }
  }
}

@Suite struct TrainingTruthTests {
  @Test func moveToTheResizedImage() throws {
    let truths = [
      GroundTruth(box: Box(x1: 10, y1: 20, x2: 30, y2: 40), label: "cat"),
      GroundTruth(box: Box(x1: 0, y1: 0, x2: 5, y2: 5), label: "crowd", isIgnored: true),
    ]
    let found = try TrainingTruth.scaled(
      truths, classes: ["dog", "cat"], from: PixelSize(width: 100, height: 50),
      to: PixelSize(width: 200, height: 150))
    #expect(found[0].box == Box(x1: 20, y1: 60, x2: 60, y2: 120))
    #expect(found[0].label == 2)
    #expect(found[1].isIgnored)
  }

  @Test func badOnesAreRefused() throws {
    let size = PixelSize(width: 10, height: 10)
    #expect(
      throws: DetectorTrainingError.label(expected: "one of dog, cat", found: "cow")
    ) {
      try TrainingTruth.scaled(
        [GroundTruth(box: Box(x1: 0, y1: 0, x2: 1, y2: 1), label: "cow")],
        classes: ["dog", "cat"], from: size, to: size)
    }
    #expect(throws: DetectorTrainingError.self) { try truth(0, 0, 0, 5) }
    #expect(throws: DetectorTrainingError.self) { try truth(0, 3, 5, 2) }
    #expect(throws: DetectorTrainingError.self) { try truth(0, 0, .infinity, 2) }
    #expect(throws: DetectorTrainingError.self) { try truth(0, 0, 1, 1, label: 0) }
  }
}

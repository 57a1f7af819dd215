import Detection
import Frames
import Tensors
import Testing

@testable import DetectorTraining

@Suite struct RPNTests {
  let vectors: Vectors
  let anchors: BoxColumns
  let truths: [TrainingTruth]

  init() throws {
    vectors = try Vectors()
    let generator = try AnchorGenerator(
      sizes: [[8], [16], [32]], aspectRatios: Array(repeating: [0.5, 1, 2], count: 3))
    let grids = [(16, 12), (8, 6), (4, 3)].map { PixelSize(width: $0.0, height: $0.1) }
    anchors = BoxColumns(
      try grids.enumerated().map {
        try generator.anchors(
          level: $0, grid: $1, image: PixelSize(width: 64, height: 48))
      })
    truths = try vectors.truths("rpn.truths")
  }

  /// One image's share of a tensor by level.
  private func outputs(_ name: String, image: Int) throws -> [[Float]] {
    try (0..<3).map { level in
      let all = try vectors.floats("\(name).\(level)")
      let size = all.count / (try vectors.shape("\(name).\(level)")[0])
      return Array(all[(image * size)..<((image + 1) * size)])
    }
  }

  private func targets(_ name: String, image: Int) throws -> RPNTargets {
    let truths = image == 0 ? truths : []
    return RPNTargets(
      anchors: anchors, truths: truths, matching: BoxMatcher.anchors.match(anchors, with: truths),
      sample: try vectors.sample("rpn.\(name).\(image)"))
  }

  @Test func matches() throws {
    let found = BoxMatcher.anchors.match(anchors, with: truths)
    #expect(found.codes.map { Int($0) } == (try vectors.integers("rpn.matches")))
  }

  /// Batches of one image, of two that sample as many anchors, and of two that do not: each image by
  /// itself over the batch's number sums to torchvision's loss.
  @Test(arguments: [("one", 1), ("two", 2), ("uneven", 2)])
  func torchvision(name: String, images: Int) throws {
    let targets = try (0..<images).map { try self.targets(name, image: $0) }
    let sampled = targets.reduce(0) { $0 + $1.count }
    var sum = DetectorLoss(classification: 0, regression: 0)
    for image in 0..<images {
      let pass = try evaluate(
        outputs("rpn.logits", image: image), outputs("rpn.deltas", image: image), targets[image],
        denominator: images == 1 ? nil : sampled)
      sum.classification += pass.loss.classification
      sum.regression += pass.loss.regression
      let logits = try outputs("rpn.\(name).logits", image: image)
      for level in 0..<3 { #expect(greatestDifference(pass.logits[level], logits[level]) < 1e-8) }
      if image == 1 {
        #expect(pass.loss.regression == 0)
        #expect(pass.deltas.allSatisfy { $0.allSatisfy { $0 == 0 } })
      } else if name != "two" {
        let deltas = try outputs("rpn.\(name).deltas", image: image)
        for level in 0..<3 {
          #expect(greatestDifference(pass.deltas[level], deltas[level]) < 2e-6)
        }
      }
    }
    let expected = try vectors.floats("rpn.\(name).losses")
    #expect(abs(sum.classification - expected[0]) < 1e-6 * expected[0])
    #expect(abs(sum.regression - expected[1]) < 1e-5 * expected[1])
    if name == "uneven" { #expect(targets[0].count != targets[1].count) }
  }

  /// The default: each image over its own number, weighted by the images of the batch.
  @Test func imagesThatSampleAsManyNeedNoDenominator() throws {
    let expected = try vectors.floats("rpn.two.losses")
    var sum = DetectorLoss(classification: 0, regression: 0)
    for image in 0..<2 {
      let pass = try evaluate(
        outputs("rpn.logits", image: image), outputs("rpn.deltas", image: image),
        targets("two", image: image), weight: 0.5)
      sum.classification += pass.loss.classification / 2
      sum.regression += pass.loss.regression / 2
      let gradients = try outputs("rpn.two.logits", image: image)
      for level in 0..<3 {
        #expect(greatestDifference(pass.logits[level], gradients[level]) < 1e-8)
      }
    }
    #expect(abs(sum.classification - expected[0]) < 1e-6)
    #expect(abs(sum.regression - expected[1]) < 1e-6)
  }

  @Test func finiteDifferences() throws {
    let targets = try targets("one", image: 0)
    let logits = try outputs("rpn.logits", image: 0)
    let deltas = try outputs("rpn.deltas", image: 0)
    let pass = try evaluate(logits, deltas, targets, weight: 3)
    let (index, step) = (try #require(targets.positives.first), Float(1e-2))
    // The first positive's level; it and the anchors around it, sampled or not.
    let level = index < 576 ? 0 : index < 720 ? 1 : 2
    let place = index - [0, 576, 720][level]
    func slope(_ change: (inout [[Float]], inout [[Float]], Float) -> Void) throws -> Float {
      let losses = try [step, -step].map { step in
        var (moved, shifted) = (logits, deltas)
        change(&moved, &shifted, step)
        return try evaluate(moved, shifted, targets).loss.total
      }
      return 3 * (losses[0] - losses[1]) / (2 * step)
    }
    for neighbour in [place, (place + 1) % 36, (place + 7) % 36] {
      let found = try slope { logits, _, step in logits[level][neighbour] += step }
      #expect(abs(found - pass.logits[level][neighbour]) < 1e-3)
    }
    for side in 0..<4 {
      let found = try slope { _, deltas, step in deltas[level][4 * place + side] += step }
      #expect(abs(found - pass.deltas[level][4 * place + side]) < 1e-3)
    }
  }

  @Test func samplingIsDeterministic() throws {
    var (one, other) = (SeededRandom(3), SeededRandom(3))
    let sampler = try BalancedSampler(size: 64, positiveFraction: 0.5)
    let targets = RPNTargets(
      anchors: anchors, truths: truths, sampler: sampler, random: &one)
    #expect(
      targets == RPNTargets(anchors: anchors, truths: truths, sampler: sampler, random: &other))
    #expect(targets.count == 64)
    #expect(!targets.positives.isEmpty)
    #expect(targets.offsets.count == 4 * targets.positives.count)
    // The offsets lead to the object.
    let first = try #require(targets.positives.first)
    let box = BoxCoder.proposals.decode(
      (targets.offsets[0], targets.offsets[1], targets.offsets[2], targets.offsets[3]),
      from: anchors[first])
    #expect(truths.contains { $0.box.iou(box) > 0.999 })
  }

  @Test func ignoredAnchorsAreNotSampled() throws {
    let ignored = try truth(
      anchors[400].x1, anchors[400].y1, anchors[400].x2, anchors[400].y2, isIgnored: true)
    let sampler = try BalancedSampler(size: 4000, positiveFraction: 0.5)
    var random = SeededRandom(1)
    let targets = RPNTargets(
      anchors: anchors, truths: [ignored], sampler: sampler, random: &random)
    #expect(targets.positives.isEmpty)
    #expect(!targets.negatives.contains(400))
    #expect(targets.negatives.contains(0))
  }

  @Test func nothingSampledCostsNothing() throws {
    let none = RPNTargets(
      anchors: anchors, truths: [], matching: BoxMatcher.anchors.match(anchors, with: []),
      sample: BalancedSample(positives: [], negatives: []))
    let pass = try evaluate(
      outputs("rpn.logits", image: 0), outputs("rpn.deltas", image: 0), none)
    #expect(pass.loss.total == 0)
    #expect(pass.logits.allSatisfy { $0.allSatisfy { $0 == 0 } })
  }

  @Test func extremeLogitsStayFinite() throws {
    let targets = try targets("one", image: 0)
    let logits = try outputs("rpn.logits", image: 0).map { $0.map { $0 < 0 ? -1e4 : Float(1e4) } }
    let pass = try evaluate(logits, outputs("rpn.deltas", image: 0), targets)
    #expect(pass.loss.classification.isFinite)
    #expect(pass.logits.allSatisfy { $0.allSatisfy(\.isFinite) })
  }

  @Test func badBuffersAreRefused() throws {
    let targets = try targets("one", image: 0)
    let logits = try outputs("rpn.logits", image: 0)
    let deltas = try outputs("rpn.deltas", image: 0)
    #expect(throws: DetectorTrainingError.count(of: "levels of logits", expected: 3, found: 2)) {
      try evaluate(Array(logits[..<2]), deltas, targets)
    }
    #expect(
      throws: DetectorTrainingError.bufferSize(
        of: "deltas of level 2", expected: 144, found: 143)
    ) {
      try evaluate(logits, [deltas[0], deltas[1], Array(deltas[2].dropLast())], targets)
    }
    #expect(throws: DetectorTrainingError.self) {
      try evaluate(logits, deltas, targets, denominator: 0)
    }
  }
}

/// An evaluation with gradients, from arrays; the gradients' memory holds NaN before.
@discardableResult
func evaluate(
  _ logits: [[Float]], _ deltas: [[Float]], _ targets: RPNTargets, denominator: Int? = nil,
  weight: Float = 1
) throws -> (loss: DetectorLoss, logits: [[Float]], deltas: [[Float]]) {
  func buffers(_ values: [[Float]]) -> [FloatBuffer] {
    values.map { row in
      let buffer = FloatBuffer(count: row.count)
      for (index, value) in row.enumerated() { buffer.values[index] = value }
      return buffer
    }
  }
  let (shown, offsets) = (buffers(logits), buffers(deltas))
  let pulls = buffers(logits.map { $0.map { _ in .nan } })
  let pushes = buffers(deltas.map { $0.map { _ in .nan } })
  let loss = try withExtendedLifetime((shown, offsets, pulls, pushes)) {
    try RPNLoss().evaluate(
      logits: shown.map(\.readable), deltas: offsets.map(\.readable), targets: targets,
      denominator: denominator, weight: weight,
      gradients: .init(logits: pulls.map(\.values), deltas: pushes.map(\.values)))
  }
  return (loss, pulls.map { Array($0.values) }, pushes.map { Array($0.values) })
}

import Detection
import Frames
import Losses
import Tensors
import Testing

@testable import DetectorTraining

@Suite struct BoxHeadTests {
  let vectors: Vectors
  let truths: [TrainingTruth]

  init() throws {
    vectors = try Vectors()
    truths = try vectors.truths("head.truths", labels: "head.labels")
  }

  private func targets(_ name: String, image: Int) throws -> RegionTargets {
    let truths = image == 0 ? truths : []
    return try vectors.floats("head.proposals.\(image)").withUnsafeBufferPointer { proposals in
      let candidates = try RegionTargets.candidates(proposals, truths)
      return RegionTargets(
        candidates: candidates, truths: truths,
        matching: BoxMatcher.proposals.match(candidates, with: truths),
        sample: try vectors.sample("head.\(name).\(image)"))
    }
  }

  /// Samples, targets, losses and gradients of batches of one image, and of two of which one has no
  /// objects and samples fewer.
  @Test(arguments: [("one", 1), ("two", 2)])
  func torchvision(name: String, images: Int) throws {
    let targets = try (0..<images).map { try self.targets(name, image: $0) }
    let rows = targets.reduce(0) { $0 + $1.count }
    let logits = try vectors.floats("head.\(name).logits")
    let deltas = try vectors.floats("head.\(name).deltas")
    var sum = DetectorLoss(classification: 0, regression: 0)
    var pulls: [Float] = []
    var pushes: [Float] = []
    for (image, target) in targets.enumerated() {
      #expect(target.boxes == (try vectors.floats("head.\(name).\(image).boxes")))
      #expect(target.labels == (try vectors.integers("head.\(name).\(image).labels")))
      #expect(
        greatestDifference(
          target.offsets, try vectors.floats("head.\(name).\(image).offsets")) < 1e-5)
      let start = pulls.count / 5
      let pass = try evaluate(
        Array(logits[(5 * start)..<(5 * (start + target.count))]),
        Array(deltas[(20 * start)..<(20 * (start + target.count))]), target,
        denominator: images == 1 ? nil : rows)
      sum.classification += pass.loss.classification
      sum.regression += pass.loss.regression
      pulls += pass.logits
      pushes += pass.deltas
      if image == 1 { #expect(pass.loss.regression == 0) }
    }
    let expected = try vectors.floats("head.\(name).losses")
    #expect(abs(sum.classification - expected[0]) < 2e-6)
    #expect(abs(sum.regression - expected[1]) < 2e-6)
    #expect(greatestDifference(pulls, try vectors.floats("head.\(name).logits.gradient")) < 1e-7)
    #expect(greatestDifference(pushes, try vectors.floats("head.\(name).deltas.gradient")) < 2e-6)
    if name == "two" { #expect(targets[0].count != targets[1].count) }
  }

  @Test func rowsBeyondTheSampleCountForNothing() throws {
    let target = try targets("one", image: 0)
    var random = SeededRandom(4)
    let logits = random.floats(5 * target.count)
    let deltas = random.floats(20 * target.count)
    let exact = try evaluate(logits, deltas, target, weight: 0.5)
    let padded = try evaluate(
      logits + [Float](repeating: .nan, count: 15), deltas + [Float](repeating: .nan, count: 60),
      target, weight: 0.5)
    #expect(padded.loss == exact.loss)
    #expect(padded.logits == exact.logits + [Float](repeating: 0, count: 15))
    #expect(padded.deltas == exact.deltas + [Float](repeating: 0, count: 60))
    let whole = try evaluate(logits, deltas, target)
    #expect(whole.loss == exact.loss)
    #expect(greatestDifference(whole.logits.map { $0 / 2 }, exact.logits) < 1e-9)
    #expect(greatestDifference(whole.deltas.map { $0 / 2 }, exact.deltas) < 1e-9)
  }

  @Test func finiteDifferences() throws {
    let target = try targets("one", image: 0)
    var random = SeededRandom(7)
    let logits = random.floats(5 * target.count)
    // Beside the object's offsets, on both sides of β.
    let row = try #require(target.labels.firstIndex { $0 > 0 })
    let place = 4 * (5 * row + target.labels[row])
    var deltas = random.floats(20 * target.count)
    for (side, distance) in [Float(0.04), -0.05, 0.6, -0.7].enumerated() {
      deltas[place + side] = target.offsets[4 * row + side] + distance
    }
    let pass = try evaluate(logits, deltas, target)
    let step: Float = 1e-2
    func slope(_ change: (inout [Float], inout [Float], Float) -> Void) throws -> Float {
      let losses = try [step, -step].map { step in
        var (moved, shifted) = (logits, deltas)
        change(&moved, &shifted, step)
        return try evaluate(moved, shifted, target).loss.total
      }
      return (losses[0] - losses[1]) / (2 * step)
    }
    for index in (5 * row)..<(5 * row + 5) {
      let found = try slope { logits, _, step in logits[index] += step }
      #expect(abs(found - pass.logits[index]) < 1e-3)
    }
    for side in 0..<4 {
      let found = try slope { _, deltas, step in deltas[place + side] += step }
      #expect(abs(found - pass.deltas[place + side]) < 1e-3)
      #expect(pass.deltas[place + side] != 0)
    }
    // Other classes' offsets are free.
    #expect(pass.deltas[20 * row] == 0)
  }

  @Test func objectsJoinTheProposals() throws {
    let object = try truth(10, 10, 30, 30, label: 2)
    let ignored = try truth(40, 40, 60, 60, isIgnored: true)
    let proposals = corners([
      Box(x1: 41, y1: 41, x2: 60, y2: 60), Box(x1: 70, y1: 0, x2: 80, y2: 10),
    ])
    var random = SeededRandom(1)
    let targets = try proposals.withUnsafeBufferPointer {
      try RegionTargets(proposals: $0, truths: [ignored, object], random: &random)
    }
    // The proposal on the ignored object is left out, and the object itself is found.
    #expect(targets.indices == [1, 2])
    #expect(targets.labels == [0, 2])
    #expect(targets.boxes == [70, 0, 80, 10, 10, 10, 30, 30])
    #expect(targets.offsets == [Float](repeating: 0, count: 8))
  }

  @Test func nothingAtAll() throws {
    var random = SeededRandom(1)
    let none = try RegionTargets(
      proposals: UnsafeBufferPointer(start: nil, count: 0), truths: [], random: &random)
    #expect(none.count == 0)
    #expect(try evaluate([], [], none).loss.total == 0)
  }

  @Test func samplingIsDeterministic() throws {
    let sampler = try BalancedSampler(size: 30, positiveFraction: 0.25)
    let found = try (0..<2).map { _ in
      var random = SeededRandom(11)
      return try vectors.floats("head.proposals.0").withUnsafeBufferPointer {
        try RegionTargets(proposals: $0, truths: truths, sampler: sampler, random: &random)
      }
    }
    #expect(found[0] == found[1])
    #expect(found[0].count == 30)
    #expect(found[0].labels.filter { $0 > 0 }.count == 7)
  }

  @Test func badInputIsRefused() throws {
    let target = try targets("one", image: 0)
    let logits = [Float](repeating: 0, count: 5 * target.count)
    let deltas = [Float](repeating: 0, count: 20 * target.count)
    #expect(
      throws: DetectorTrainingError.bufferSize(
        of: "class logits", expected: logits.count, found: logits.count - 1)
    ) { try evaluate(Array(logits.dropLast()), deltas, target) }
    #expect(throws: DetectorTrainingError.self) {
      try evaluate(logits, Array(deltas.dropLast()), target)
    }
    #expect(throws: DetectorTrainingError.self) {
      try evaluate(logits, deltas, target, classes: 2)
    }
    #expect(throws: DetectorTrainingError.self) {
      try evaluate(logits, deltas, target, denominator: 0)
    }
    #expect(throws: DetectorTrainingError.self) { try BoxHeadLoss(classes: 1) }
    #expect(throws: DetectorTrainingError.self) {
      var random = SeededRandom(1)
      _ = try [Float](repeating: .nan, count: 4).withUnsafeBufferPointer {
        try RegionTargets(proposals: $0, truths: truths, random: &random)
      }
    }
  }
}

/// An evaluation with gradients, from arrays; the gradients' memory holds NaN before.
@discardableResult
private func evaluate(
  _ logits: [Float], _ deltas: [Float], _ targets: RegionTargets, classes: Int = 5,
  denominator: Int? = nil, weight: Float = 1
) throws -> (loss: DetectorLoss, logits: [Float], deltas: [Float]) {
  var pulls = [Float](repeating: .nan, count: logits.count)
  var pushes = [Float](repeating: .nan, count: deltas.count)
  let loss = try pulls.withUnsafeMutableBufferPointer { pulls in
    try pushes.withUnsafeMutableBufferPointer { pushes in
      try logits.withUnsafeBufferPointer { logits in
        try deltas.withUnsafeBufferPointer { deltas in
          try BoxHeadLoss(classes: classes).evaluate(
            logits: logits, deltas: deltas, targets: targets, denominator: denominator,
            weight: weight, gradients: .init(logits: pulls, deltas: pushes))
        }
      }
    }
  }
  return (loss, pulls, pushes)
}

import Tensors
import Testing

@testable import DetectorTraining

@Suite struct SamplerTests {
  /// Objects, background, between and ignored, mixed.
  private func matching(objects: Int, background: Int) -> BoxMatching {
    var random = SeededRandom(UInt64(objects), UInt64(background))
    let codes =
      (0..<objects).map { Int32($0 % 3) }
      + Array(repeating: BoxMatching.background, count: background)
      + Array(repeating: BoxMatching.between, count: 40)
      + Array(repeating: BoxMatching.ignored, count: 30)
    return BoxMatching(codes: random.shuffled(codes))
  }

  /// Counts as torchvision's sampler has them.
  @Test(arguments: [
    (300, 900, 256, 0.5, 128, 128), (20, 900, 256, 0.5, 20, 236), (300, 10, 256, 0.5, 128, 10),
    (5, 7, 256, 0.5, 5, 7), (0, 900, 256, 0.5, 0, 256), (200, 2000, 512, 0.25, 128, 384),
    (9, 9, 5, 0.5, 2, 3), (9, 9, 4, 1, 4, 0), (9, 9, 4, 0, 0, 4), (0, 0, 4, 0.5, 0, 0),
  ])
  func counts(
    objects: Int, background: Int, size: Int, share: Double, positives: Int, negatives: Int
  ) throws {
    let matching = matching(objects: objects, background: background)
    let sampler = try BalancedSampler(size: size, positiveFraction: share)
    var random = SeededRandom(1)
    let sample = sampler.sample(matching, random: &random)
    #expect(sample.positives.count == positives)
    #expect(sample.negatives.count == negatives)
    #expect(sample.count == positives + negatives)
    #expect(sample.positives.allSatisfy { matching.codes[$0] >= 0 })
    #expect(sample.negatives.allSatisfy { matching[$0] == .background })
    for indices in [sample.positives, sample.negatives] {
      #expect(indices == Set(indices).sorted())
    }
  }

  @Test func theGeneratorDecides() throws {
    let matching = matching(objects: 300, background: 900)
    var one = SeededRandom(5)
    var same = SeededRandom(5)
    var other = SeededRandom(6)
    let sample = BalancedSampler.anchors.sample(matching, random: &one)
    #expect(sample == BalancedSampler.anchors.sample(matching, random: &same))
    #expect(sample != BalancedSampler.anchors.sample(matching, random: &other))
    #expect(sample != BalancedSampler.anchors.sample(matching, random: &one))
  }

  @Test func eachBoxIsAsLikely() throws {
    let matching = matching(objects: 8, background: 24)
    let sampler = try BalancedSampler(size: 8, positiveFraction: 0.25)
    var random = SeededRandom(2)
    var hits = [Int](repeating: 0, count: matching.count)
    for _ in 0..<4000 {
      let sample = sampler.sample(matching, random: &random)
      for index in sample.positives + sample.negatives { hits[index] += 1 }
    }
    // 2 of 8 objects and 6 of 24 others: 1000 each, with a deviation of 27.
    for (index, count) in hits.enumerated() {
      let isEligible = matching.codes[index] >= BoxMatching.background
      #expect(isEligible ? (860...1140).contains(count) : count == 0)
    }
  }

  @Test func rangesAreChecked() {
    for (size, share) in [(0, 0.5), (-1, 0.5), (1_000_000, 0.5), (4, -0.1), (4, 1.1), (4, .nan)] {
      #expect(throws: DetectorTrainingError.self) {
        try BalancedSampler(size: size, positiveFraction: share)
      }
    }
  }
}

import Backbones
import Engine
import Losses
import Models
import Networks
import Tensors
import Testing

@testable import Purification

/// Perturbations stay within their bounds and raise the loss they are meant to raise.
@Suite struct AdversaryTests {
  static let shape = ActivationShape(batch: 4, height: 32, width: 32, channels: 3)

  private func setUp(
    _ change: (inout PurificationOptions) -> Void
  ) throws -> (PurificationOptions, PixelGradient, EmbeddingObjective, clean: FloatBuffer) {
    var options = PurificationOptions.paperCIFAR10
    change(&options)
    let graph = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: nil)
    let parameters = RandomParameters(for: graph.parameters)
    let store = try ParameterStore(graph.parameters) { try parameters.tensor($0) }
    let source = try PixelGradient(
      graph, shape: Self.shape, engine: Engine(EngineOptions(precision: .f32, threads: 2)),
      store: store, normalisation: PixelNormalisation(.cifar10),
      statistics: options.adversaryStatistics)
    let objective = try EmbeddingObjective(options, dimension: source.dimension, spread: 1)
    let clean = FloatBuffer(count: Self.shape.count)
    var random = SeededRandom(9)
    for index in clean.values.indices { clean.values[index] = random.uniform() }
    return (options, source, objective, clean)
  }

  @Test(
    arguments: PurificationOptions.Norm.allCases, PurificationOptions.Statistics.allCases)
  func perturbationsRaiseTheLossWithinTheirBall(
    norm: PurificationOptions.Norm, statistics: PurificationOptions.Statistics
  ) throws {
    let (options, source, objective, clean) = try setUp {
      $0.norm = norm
      $0.epsilon = norm == .linf ? 8 : 512
      $0.stepSize = 0.25
      $0.pgdSteps = 6
      $0.adversaryStatistics = statistics
    }
    let anchors = FloatBuffer(count: 4 * source.dimension)
    try source.forward(clean, into: anchors)
    let adversarial = FloatBuffer(count: clean.count)
    var random = SeededRandom(1)
    let losses = try InstanceAdversary(source, objective: objective, options: options).perturb(
      anchors: anchors.readable, clean: clean, into: adversarial, random: &random)
    #expect(losses.count == 6)
    #expect((losses.last ?? 0) > (losses.first ?? 0))
    #expect(adversarial.values.allSatisfy { (0...1).contains($0) })
    for row in 0..<4 {
      let changes = zip(
        adversarial.rows(row..<(row + 1), width: Self.shape.features),
        clean.rows(row..<(row + 1), width: Self.shape.features)
      ).map { $0 - $1 }
      let size =
        norm == .linf
        ? changes.map(abs).max() ?? 0 : changes.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(size <= options.epsilon / 255 * 1.0001)
      #expect(size > options.epsilon / 255 * 0.3)
    }
  }

  @Test func sharedPerturbationsAreSharedAndBounded() throws {
    var options = PurificationOptions.device
    (options.epsilon, options.sharedCount) = (255, 2)
    (options.sharedWarps, options.sharedPatches, options.sharedWaves) = (0, 0, 0)
    var random = SeededRandom(1)
    let picture = Self.shape.features
    let (clean, perturbed, gradients) = (
      FloatBuffer(count: Self.shape.count), FloatBuffer(count: Self.shape.count),
      FloatBuffer(count: Self.shape.count)
    )
    for index in clean.values.indices {
      clean.values[index] = random.uniform()
      gradients.values[index] = random.gaussian()
    }
    var shared = SharedAdversary(options, width: 32, height: 32, random: &random)
    for _ in 0..<8 { shared.ascend(gradients, clean: clean) }
    shared.apply(to: clean, into: perturbed)
    // Bounds of 2/3 of ε and ε, 1 of pixels in 0…1.
    for (state, bound) in zip(shared.states, [2.0 / 3, 1] as [Float]) {
      let length = state.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(length <= bound * 1.0001)
      #expect(length > bound * 0.9)
    }
    // Rows 0 and 1 carry the first, rows 2 and 3 the second, cut off at black and white.
    for row in 0..<4 {
      for place in 0..<picture {
        let index = row * picture + place
        let sum = clean.values[index] + shared.states[row / 2][place]
        #expect(perturbed.values[index] == max(0, min(1, sum)))
      }
    }
    let before = shared.states
    shared.restart(3, random: &random)
    #expect(shared.states[0] == before[0])
    #expect(shared.states[1] != before[1])
  }

  /// However small the batch, one picture of it is for what is added and one for what is not.
  @Test(arguments: [2, 3, 4])
  func everyKindGetsAPicture(batch: Int) {
    var options = PurificationOptions.detector
    options.sharedPatches = 4
    var random = SeededRandom(5)
    let (clean, perturbed) = (FloatBuffer(count: batch * 3072), FloatBuffer(count: batch * 3072))
    for index in clean.values.indices { clean.values[index] = 0.5 }
    SharedAdversary(options, width: 32, height: 32, patchesTogether: true, random: &random)
      .apply(to: clean, into: perturbed)
    let changed = (0..<batch).map { row in
      perturbed.rows(row..<(row + 1), width: 3072).count { $0 != 0.5 }
    }
    // Patches of 5×5 on the last one; what is added changes a whole picture.
    let most = 75 * options.sharedPatches
    #expect((75...most).contains(changed[batch - 1]), "\(changed)")
    #expect(changed.dropLast().allSatisfy { $0 > 3000 }, "\(changed)")
  }

  /// A patch covers its square and nothing else, climbs along the sum of the pixels' gradients, and
  /// stays within the picture wherever it begins.
  @Test func aPatchCoversItsSquareAndClimbs() throws {
    var random = SeededRandom(6)
    var patch = PatchPerturbation(width: 32, height: 24, stepSize: 0.25, random: &random)
    let count = 32 * 24 * 3
    let (clean, changed, gradients) = (
      FloatBuffer(count: 2 * count), FloatBuffer(count: 2 * count), FloatBuffer(count: 2 * count)
    )
    for index in clean.values.indices {
      clean.values[index] = 0.5
      gradients.values[index] = random.gaussian()
    }
    var places = Set<[Float]>()
    for _ in 0..<200 {
      patch.restart(random: &random)
      let (left, top) = (Int(patch.state[0]), Int(patch.state[1]))
      #expect((0...28).contains(left) && (0...20).contains(top))
      places.insert([patch.state[0], patch.state[1]])
    }
    #expect(places.count > 100)
    for _ in 0..<4 { patch.ascend(gradients.readable, clean: clean.readable) }
    // Four steps of a quarter reach black or white from anywhere.
    patch.apply(to: clean.readable, into: changed.values)
    let (left, top) = (Int(patch.state[0]), Int(patch.state[1]))
    for index in 0..<count {
      let (x, y) = (index / 3 % 32, index / 96)
      let isInside = (left..<(left + 4)).contains(x) && (top..<(top + 4)).contains(y)
      let sum = gradients.values[index] + gradients.values[count + index]
      let expected: Float = !isInside ? 0.5 : sum > 0 ? 1 : 0
      #expect(changed.values[index] == expected && changed.values[count + index] == expected)
    }
  }

  /// Several lie on every picture, each with pixels of its own, and all of them begin elsewhere.
  @Test func patchesLieOnAPictureTogether() throws {
    var random = SeededRandom(10)
    var patches = PatchPerturbation(count: 3, width: 64, height: 32, stepSize: 1, random: &random)
    let (clean, changed) = (FloatBuffer(count: 64 * 32 * 3), FloatBuffer(count: 64 * 32 * 3))
    for index in clean.values.indices { clean.values[index] = 0.5 }
    let size = 2 + 5 * 5 * 3
    #expect(patches.state.count == 3 * size)
    func covered() -> Set<Int> {
      (0..<3).reduce(into: []) { pixels, patch in
        let (left, top) = (Int(patches.state[patch * size]), Int(patches.state[patch * size + 1]))
        for row in top..<(top + 5) {
          for column in left..<(left + 5) { pixels.insert(row * 64 + column) }
        }
      }
    }
    let before = covered()
    // Every pixel climbs: white where a patch lies, and as it was where none does.
    let ones = FloatBuffer(count: clean.count)
    for index in ones.values.indices { ones.values[index] = 1 }
    patches.ascend(ones.readable, clean: clean.readable)
    patches.apply(to: clean.readable, into: changed.values)
    for index in changed.values.indices {
      #expect(changed.values[index] == (before.contains(index / 3) ? 1 : 0.5))
    }
    let good = patches.state
    patches.restart(random: &random)
    for patch in 0..<3 {
      #expect(patches.state[(patch * size)...].prefix(2) != good[(patch * size)...].prefix(2))
    }
    #expect(patches.accepts(good))
    for (place, value) in [(size, -1), (2 * size + 1, 28), (2 * size + 2, 1.5)] as [(Int, Float)] {
      var bad = good
      bad[place] = value
      #expect(!patches.accepts(bad), "\(place)")
    }
  }

  /// Patches that move little begin elsewhere; those that move much stay.
  @Test func weakPatchesGiveWay() throws {
    var options = PurificationOptions.device
    (options.sharedCount, options.sharedWarps) = (0, 0)
    (options.sharedPatches, options.sharedWaves) = (4, 0)
    var random = SeededRandom(7)
    let zeros = FloatBuffer(count: 4 * 3072)
    var shared = SharedAdversary(options, width: 32, height: 32, random: &random)
    shared.ascend(zeros, clean: zeros, distances: [4, 1, 3, 2])
    let before = shared.states
    shared.restartWeakest(share: 0.5, random: &random)
    for (index, isKept) in [true, false, true, false].enumerated() {
      #expect((shared.states[index] == before[index]) == isKept)
    }
  }

  /// A wave climbs to its bound along Σ weights · picture, and keeps its frequency.
  @Test func aWaveClimbs() throws {
    var random = SeededRandom(9)
    var wave = WavePerturbation(width: 32, height: 24, stepSize: 0.25, random: &random)
    let count = 32 * 24 * 3
    let (clean, changed, weights) = (
      FloatBuffer(count: count), FloatBuffer(count: count), FloatBuffer(count: count)
    )
    for index in clean.values.indices {
      clean.values[index] = 0.5
      weights.values[index] = random.gaussian()
    }
    func value() -> Float {
      wave.apply(to: clean.readable, into: changed.values)
      return zip(changed.values, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let (before, frequency) = (value(), Array(wave.state[..<2]))
    for _ in 0..<8 { wave.ascend(weights.readable, clean: clean.readable) }
    #expect(value() > before && wave.accepts(wave.state))
    #expect(Array(wave.state[..<2]) == frequency)
    #expect(wave.state[2...].contains { abs($0) > 0.5 * WavePerturbation.amplitude })
  }

  /// A checkpoint's file may hold anything: what could not have come about is refused.
  @Test func onlyPossibleStatesAreTakenUp() throws {
    var options = PurificationOptions.device
    (options.sharedCount, options.sharedWarps) = (1, 1)
    (options.sharedPatches, options.sharedWaves) = (1, 1)
    var random = SeededRandom(8)
    var shared = SharedAdversary(options, width: 32, height: 32, random: &random)
    let good = shared.states
    let isTakenUp = shared.restore(good)
    #expect(isTakenUp)
    let wrong: [(Int, Int, Float)] = [
      (2, 0, 1e30), (2, 0, -9), (2, 1, 28), (2, 0, 1.5), (2, 5, 1.5), (1, 0, 5),
      (3, 0, 1e30), (3, 4, 0.5),
    ]
    for (member, place, value) in wrong {
      var bad = good
      bad[member][place] = value
      let isRefused = !shared.restore(bad)
      #expect(isRefused, "\(member), \(place), \(value)")
      #expect(shared.states == good)
    }
    for other in [Array(good.dropLast()), good.map { $0 + [0] }] {
      let isRefused = !shared.restore(other)
      #expect(isRefused)
    }
  }

  /// The warp's ascent follows the slope of Σ weights · warped picture.
  @Test func aWarpClimbs() throws {
    var random = SeededRandom(4)
    var warp = WarpPerturbation(width: 32, height: 32, stepSize: 0.05, random: &random)
    let (clean, weights, warped) = (
      FloatBuffer(count: 3072), FloatBuffer(count: 3072), FloatBuffer(count: 3072)
    )
    for index in clean.values.indices {
      // Smooth, for a step goes over several pixels' slopes.
      let (x, y) = (Float(index / 3 % 32), Float(index / 96))
      clean.values[index] = 0.5 + 0.2 * (x - 16) / 16 + 0.2 * (y - 16) * (x - 8) / 512
      weights.values[index] = random.gaussian()
    }
    func value() -> Float {
      warp.apply(to: clean.readable, into: warped.values)
      return zip(warped.values, weights.values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var values = [value()]
    for _ in 0..<12 {
      warp.ascend(weights.readable, clean: clean.readable)
      values.append(value())
    }
    #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 + 1e-3 })
    #expect(values[12] > values[0] + 0.05)
    #expect(warp.state.allSatisfy { abs($0) <= WarpPerturbation.reach })
  }

  @Test func aWarpOfNothingLeavesThePicture() throws {
    var random = SeededRandom(4)
    var warp = WarpPerturbation(width: 8, height: 8, stepSize: 0.05, random: &random)
    for index in warp.state.indices { warp.state[index] = 0 }
    let (clean, warped) = (FloatBuffer(count: 192), FloatBuffer(count: 192))
    for index in clean.values.indices { clean.values[index] = random.uniform() }
    warp.apply(to: clean.readable, into: warped.values)
    #expect(zip(clean.values, warped.values).allSatisfy { abs($0 - $1) < 1e-6 })
    // A pixel to the right: every column shows its right neighbour.
    for index in 0..<16 { warp.state[index] = 1 }
    warp.apply(to: clean.readable, into: warped.values)
    #expect(abs(warped.values[3 * 9] - clean.values[3 * 10]) < 1e-5)
  }

  @Test func anchoredObjectiveIsTheSquaredDistance() throws {
    var options = PurificationOptions.device
    options.objective = .anchored
    let objective = try EmbeddingObjective(options, dimension: 2, spread: 4)
    let (anchors, embeddings) = ([1, 2, 3, 4] as [Float], [2, 2, 3, 1] as [Float])
    let gradient = FloatBuffer(count: 4)
    let loss = try anchors.withUnsafeBufferPointer { anchors in
      try embeddings.withUnsafeBufferPointer {
        try objective.pull(anchors: anchors, $0, gradient: gradient.values, weight: 2)
      }
    }
    // (1 + 9) / (2 rows · spread 4); the gradient is 2 · weight · difference / (rows · spread).
    #expect(loss == 1.25)
    #expect(Array(gradient.values) == [0.5, 0, 0, -1.5])
    #expect(EmbeddingObjective.spread(of: [0, 0, 2, 4], dimension: 2) == 5)
  }
}

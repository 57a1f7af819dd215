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
  ) throws -> (PurificationOptions, EmbeddingGradient, EmbeddingObjective, clean: FloatBuffer) {
    var options = PurificationOptions.paperCIFAR10
    change(&options)
    let graph = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: nil)
    let parameters = RandomParameters(for: graph.parameters)
    let store = try ParameterStore(graph.parameters) { try parameters.tensor($0) }
    let source = try EmbeddingGradient(
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
    let (options, source, _, clean) = try setUp {
      $0.adversary = .shared
      $0.norm = .l2
      $0.epsilon = 255
      $0.sharedCount = 2
      $0.stepSize = 0.5
    }
    var random = SeededRandom(1)
    var shared = SharedAdversary(
      options, picture: Self.shape.features, random: &random)
    let perturbed = FloatBuffer(count: clean.count)
    let gradients = FloatBuffer(count: clean.count)
    for index in gradients.values.indices { gradients.values[index] = random.gaussian() }
    for _ in 0..<8 { shared.ascend(gradients.readable, clean: clean.readable) }
    shared.apply(to: clean.readable, into: perturbed.values)
    #expect(shared.perturbations.count == 2)
    for perturbation in shared.perturbations {
      #expect(perturbation.reduce(0) { $0 + $1 * $1 }.squareRoot() <= 1.0001)
    }
    // Rows 0 and 1 carry the first, rows 2 and 3 the second, cut off at black and white.
    for row in 0..<4 {
      for place in 0..<Self.shape.features {
        let index = row * Self.shape.features + place
        let sum = clean.values[index] + shared.perturbations[row / 2][place]
        #expect(perturbed.values[index] == max(0, min(1, sum)))
      }
    }
    _ = source
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

import Attacks
import Backbones
import Engine
import Foundation
import Losses
import Networks
import Tensors
import Testing

@testable import Laboratory

@Suite struct LabelAdversaryTests {
  @Test(arguments: [BatchNormalizationStatistics.stored, .batch])
  func raisesTheLossWithinTheBound(statistics: BatchNormalizationStatistics) throws {
    let data = try TwoClasses()
    let pictures = try data.pictures()
    let trainer = try smallClassifier(pictures)
    _ = try trainer.run()
    let options = try PGDOptions("epsilon=16,step=4,steps=8", defaults: .fast)
    let (adversary, clean) = try smallAdversary(
      trainer, pictures, options, statistics: statistics)
    #expect(adversary.classes == 2)
    func perturb(_ seed: UInt64) throws -> (pixels: [Float], losses: [Float], after: Float) {
      let adversarial = FloatBuffer(count: clean.count)
      let losses = try adversary.perturb(clean, labels: pictures.labels, into: adversarial) {
        SeededRandom(seed, UInt64($0))
      }
      return (
        Array(adversarial.values), losses,
        try adversary.evaluate(adversarial, labels: pictures.labels)
      )
    }
    let before = try adversary.evaluate(clean, labels: pictures.labels)
    let first = try perturb(1)
    #expect(first.losses.count == 8)
    #expect(first.after > before * 1.2 && first.after > (first.losses.first ?? 0))
    #expect(first.pixels.allSatisfy { (0...1).contains($0) })
    let changes = zip(first.pixels, clean.values).map { abs($0 - $1) }
    #expect((changes.max() ?? 0) <= 16 / 255 * 1.0001)
    // Each picture was worked on: most of its values have gone as far as they may.
    for row in 0..<pictures.count {
      let far = changes[(row * 192)..<((row + 1) * 192)].count { $0 > 15.9 / 255 }
      #expect(far > 96, "row \(row)")
    }
    #expect(try perturb(1).pixels == first.pixels)
    #expect(try perturb(2).pixels != first.pixels)
  }

  /// In training the network's statistics are looked at, not changed.
  @Test func leavesTheNetworkAsItIs() throws {
    let data = try TwoClasses(perClass: 4)
    let pictures = try data.pictures()
    let graph = SmallNetwork.classifier
    let drawn = InitialParameters(for: graph.parameters, seed: 3)
    let store = try ParameterStore(graph.parameters) { try drawn.tensor($0) }
    let adversary = try LabelAdversary(
      graph, shape: ActivationShape(batch: 8, height: 8, width: 8, channels: 3),
      engine: try smallEngine(), store: store, normalisation: .init(.cifar10),
      statistics: .batch, options: .fast)
    let (clean, adversarial) = (
      FloatBuffer(count: adversary.shape.count), FloatBuffer(count: adversary.shape.count)
    )
    for index in clean.values.indices { clean.values[index] = Float(index % 7) / 7 }
    try adversary.perturb(clean, labels: pictures.labels, into: adversarial) { _ in
      SeededRandom(1)
    }
    for parameter in graph.parameters {
      #expect(try store.tensor(parameter.name) == drawn.tensor(parameter.name))
    }
    // And after they have changed it goes by the new ones.
    let before = try adversary.evaluate(clean, labels: pictures.labels)
    for index in try store.values("fc.weight").indices {
      try store.values("fc.weight")[index] *= -9
    }
    try adversary.load()
    #expect(try adversary.evaluate(clean, labels: pictures.labels) != before)
  }

  @Test func labelsHaveToFit() throws {
    let data = try TwoClasses(perClass: 4)
    let pictures = try data.pictures()
    let (adversary, clean) = try smallAdversary(
      try smallClassifier(pictures), pictures, .fast)
    let adversarial = FloatBuffer(count: clean.count)
    for labels in [[0, 1], [0, 0, 0, 0, 1, 1, 1, 2]] {
      #expect(throws: LossError.self) {
        try adversary.perturb(clean, labels: labels, into: adversarial) { _ in SeededRandom(1) }
      }
    }
  }

  /// What training on adversarial pictures is for.
  @Test(arguments: ["epsilon=16,step=20,steps=1", "epsilon=16,step=6,steps=4"])
  func adversarialTrainingMakesRobust(options: String) throws {
    let data = try TwoClasses(stripesOf: 10)
    let pictures = try data.pictures()
    let attack = try PGDOptions("epsilon=16,step=2,steps=20", defaults: .fast)
    func errors(_ adversarial: PGDOptions?) throws -> (clean: Float, adversarial: Float, wrong: Int)
    {
      let trainer = try smallClassifier(pictures, epochs: 30, adversarial: adversarial)
      _ = try trainer.run()
      let (adversary, clean) = try smallAdversary(trainer, pictures, attack)
      let adversarial = FloatBuffer(count: clean.count)
      let before = try adversary.evaluate(clean, labels: pictures.labels)
      try adversary.perturb(clean, labels: pictures.labels, into: adversarial) {
        SeededRandom(4, UInt64($0))
      }
      let after = try adversary.evaluate(adversarial, labels: pictures.labels)
      let wrong = zip(adversary.predictions, pictures.labels).count { $0 != $1 }
      return (before, after, wrong)
    }
    let plain = try errors(nil)
    let robust = try errors(try PGDOptions(options, defaults: .fast))
    #expect(robust.adversarial < 0.8 * plain.adversarial, "\(robust) \(plain)")
    #expect(robust.wrong + 16 < plain.wrong, "\(robust) \(plain)")
  }

  @Test func aResumedAdversarialTrainingIsTheUndisturbedOne() throws {
    let data = try TwoClasses()
    let pictures = try data.pictures()
    let whole = try smallClassifier(pictures, adversarial: .fast)
    #expect(whole.memoryBytes > (try smallClassifier(pictures)).memoryBytes)
    _ = try whole.run()
    let file = data.file("training.safetensors")
    let stop = StopFlag()
    _ = try smallClassifier(pictures, adversarial: .fast).run(checkpoint: file, stop: stop) {
      if $0.step == 5 { stop.stop() }
    }
    let resumed = try smallClassifier(pictures, adversarial: .fast)
    _ = try resumed.run(checkpoint: file, resumes: true)
    for parameter in SmallNetwork.classifier.parameters {
      #expect(try resumed.parameter(parameter.name) == whole.parameter(parameter.name))
    }
    for (other, text) in [
      (nil, "none"), (try PGDOptions("steps=2", defaults: .fast), "epsilon=8,step=10,steps=2"),
    ] {
      #expect(
        throws: LaboratoryError.checkpoint(
          path: file, expected: "with the adversarial \(text)", found: "epsilon=8,step=10,steps=1")
      ) { try smallClassifier(pictures, adversarial: other).run(checkpoint: file, resumes: true) }
    }
  }
}

import Detection
import Engine
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import DetectorTraining

/// The whole of a step against torchvision's: losses, and the gradients of every parameter through box
/// head, RoIAlign, RPN, pyramid and trunk.
@Suite struct GradientTests {
  private let vectors: Vectors
  private let architecture = FasterRCNNArchitecture(
    trunk: .resnet18, classes: 4, fpnChannels: 16, boxHeadWidth: 32)

  init() throws { vectors = try Vectors("gradients") }

  private func options() throws -> DetectorTrainingOptions {
    DetectorTrainingOptions(
      architecture: architecture, classes: ["one", "two", "three", "four"], minSize: 128,
      maxSize: 192, augmentation: try DetectionAugmentation(shorterSides: [128]), frozenStages: 0,
      anchorSampler: try BalancedSampler(size: 1 << 16, positiveFraction: 1),
      regionSampler: try BalancedSampler(size: 64, positiveFraction: 1), proposalsBefore: 200,
      proposalsAfter: 60)
  }

  private func sample(_ classes: [String]) throws -> DetectionAugmentation.Sample {
    let shape = try vectors.shape("image")
    let truths = try zip(vectors.boxes("boxes"), vectors.integers("labels")).map {
      GroundTruth(box: $0, label: classes[$1 - 1])
    }
    return DetectionAugmentation.Sample(
      image: try Image(width: shape[1], height: shape[0], pixels: vectors.bytes("image")),
      truths: truths, shorterSide: 128)
  }

  @Test func everyGradientIsTorchvisions() throws {
    let options = try options()
    let parameters = architecture.network.parameters
    let store = try ParameterStore(
      parameters, source: RandomParameters(for: parameters).tensor)
    let pass = try DetectorPass(
      options, store: store, normalisation: .imagenet,
      engine: Engine(EngineOptions(precision: .f32, threads: 1)))
    let losses = try pass.learn(
      sample(options.classes), random: SeededRandom(1), weight: 1, accumulates: false)
    let wanted = try vectors.floats("losses")
    let found = [losses.objectness, losses.proposals, losses.classes, losses.boxes]
    for (found, wanted) in zip(found, wanted) {
      #expect(abs(found - wanted) < 1e-4 * wanted, "\(found), \(wanted)")
    }
    for name in parameters.map(\.name) where options.isTrained(name) {
      let gradient = try store.gradient(name).values
      let values = try vectors.floats("\(name).values")
      let step = max(1, gradient.count / 24)
      let kept = values.indices.map { gradient[$0 * step] }
      let norm = try vectors.floats("\(name).norm")[0]
      let ownNorm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(abs(ownNorm - norm) < 1e-3 * norm, "\(name): \(ownNorm), \(norm)")
      // A single value may be far below the rest.
      let size = norm / Float(gradient.count).squareRoot()
      #expect(greatestDifference(kept, values) < 0.01 * size, "\(name): \(kept), \(values)")
    }
  }
}

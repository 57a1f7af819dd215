import DataSets
import Detection
import Engine
import Foundation
import Frames
import Laboratory
import Models
import Networks
import Testing

@testable import DetectorTraining

/// Whole trainings of a small detector on drawn pictures.
@Suite struct DetectorTrainerTests {
  private let architecture = FasterRCNNArchitecture(
    trunk: .resnet18, classes: 2, fpnChannels: 16, boxHeadWidth: 32,
    anchorSizes: [[8], [16], [32], [64], [128]])

  private func options(
    epochs: Int, batch: Int = 2, rate: Float = 0.01
  ) throws -> DetectorTrainingOptions {
    DetectorTrainingOptions(
      architecture: architecture, classes: ["blue", "red"], minSize: 64, maxSize: 96,
      augmentation: try DetectionAugmentation(shorterSides: [64], cropProbability: 0),
      regionSampler: try BalancedSampler(size: 16, positiveFraction: 0.25), proposalsBefore: 100,
      proposalsAfter: 50,
      settings: TrainingSettings(
        epochs: epochs, batch: batch, learningRate: rate, weightDecay: 1e-4, warmUp: 0.1))
  }

  private func trainer(
    _ pictures: DrawnPictures, epochs: Int, batch: Int = 2, rate: Float = 0.01,
    origin: DetectorOrigin = .scratch
  ) throws -> DetectorTrainer {
    try DetectorTrainer(
      options(epochs: epochs, batch: batch, rate: rate), pictures: pictures.read(),
      origin: origin, engine: Engine(EngineOptions(precision: .f32, threads: 2)))
  }

  @Test func lossesFallAndTheModelServes() throws {
    let pictures = try DrawnPictures(count: 4)
    let trainer = try trainer(pictures, epochs: 20, rate: 0.04)
    var losses: [Float] = []
    let outcome = try trainer.run { progress, parts in
      #expect(progress.loss == parts.total && parts.objectness > 0 && parts.classes > 0)
      losses.append(progress.loss)
    }
    #expect(outcome.step == 40 && !outcome.wasStopped && trainer.history.count == 20)
    let (first, last) = (trainer.history[0], trainer.history[19])
    // At first there are hardly any proposals on objects, and little that boxes could lose.
    #expect(
      last.objectness < 0.2 * first.objectness && last.classes < 0.8 * first.classes
        && last.total < first.total, "\(first), \(last)")
    #expect(losses.count == 40)

    let folder = pictures.folder.appending(path: "model").path
    try trainer.save(to: folder, name: "drawn", licence: "none")
    let bundle = try ModelBundle(directory: folder)
    #expect(bundle.manifest.architecture == .fasterRCNN(architecture))
    #expect(bundle.manifest.classes == ["blue", "red"])
    #expect(bundle.manifest.input == .shorterSide(minSize: 64, maxSize: 96))
    let name = "rpn.head.conv.0.0.weight"
    #expect(try bundle.tensor(name) == trainer.parameter(name))
    let detector = try FasterRCNN(bundle: bundle, options: EngineOptions(threads: 1))
    _ = try detector.detect(pictures.read().image(0))
    #expect(throws: ModelError.exists(path: folder)) {
      try trainer.save(to: folder, name: nil, licence: "none")
    }

    // A training that begins with it begins where it ended.
    let next = try self.trainer(pictures, epochs: 1, origin: .model(bundle))
    _ = try next.run()
    #expect(next.history[0].objectness < 0.2 * first.objectness)
  }

  @Test func frozenParametersStay() throws {
    let pictures = try DrawnPictures(count: 2)
    let trainer = try trainer(pictures, epochs: 1)
    func values(_ names: [String]) throws -> [[Float]] {
      try names.map { try trainer.parameter($0).values }
    }
    let frozen = [
      "conv1.weight", "bn1.weight", "layer1.1.conv2.weight", "layer2.0.bn1.weight",
      "layer4.1.bn2.bias", "layer3.0.downsample.1.weight", "bn1.running_mean",
    ].map { "backbone.body." + $0 }
    let trained = [
      "backbone.body.layer2.0.conv1.weight", "backbone.body.layer4.0.downsample.0.weight",
      "backbone.fpn.layer_blocks.0.0.bias", "rpn.head.cls_logits.weight",
      "roi_heads.box_head.fc6.weight", "roi_heads.box_predictor.bbox_pred.bias",
    ]
    let (before, beforeTrained) = (try values(frozen), try values(trained))
    _ = try trainer.run()
    #expect(try values(frozen) == before)
    for (index, after) in try values(trained).enumerated() {
      #expect(after != beforeTrained[index], "\(trained[index])")
    }
  }

  @Test func aResumedRunEndsInTheSameWeights() throws {
    let pictures = try DrawnPictures(count: 4)
    let whole = try trainer(pictures, epochs: 2)
    _ = try whole.run()
    let checkpoint = pictures.folder.appending(path: "state").path
    let stop = StopFlag()
    let half = try trainer(pictures, epochs: 2)
    let outcome = try half.run(checkpoint: checkpoint, stop: stop) { progress, _ in
      if progress.step == 3 { stop.stop() }
    }
    #expect(outcome.wasStopped && outcome.step == 3)
    let resumed = try trainer(pictures, epochs: 2)
    _ = try resumed.run(checkpoint: checkpoint, resumes: true)
    for name in ["rpn.head.bbox_pred.weight", "roi_heads.box_head.fc7.weight"] {
      #expect(try resumed.parameter(name) == whole.parameter(name))
    }
    // Another run is not continued by mistake.
    let other = try trainer(pictures, epochs: 2, rate: 0.02)
    #expect(throws: LaboratoryError.self) {
      try other.run(checkpoint: checkpoint, resumes: true)
    }
  }

  /// The gradients of a batch are the mean of its pictures', whatever their sizes.
  @Test func aBatchIsTheMeanOfItsPictures() throws {
    let pictures = try DrawnPictures(count: 2)
    let data = try pictures.read()
    let options = try options(epochs: 1)
    let start = try DetectorStart(
      architecture, classes: options.classes, origin: .scratch, seed: 1)
    let store = try ParameterStore(architecture.network.parameters) { try start.parameter($0) }
    let pass = try DetectorPass(
      options, store: store, normalisation: .imagenet,
      engine: Engine(EngineOptions(precision: .f32, threads: 1)))
    let samples = try (0..<2).map {
      DetectionAugmentation.Sample(
        image: try data.image($0), truths: data.images[$0].objects, shorterSide: 64)
    }
    let name = "backbone.fpn.inner_blocks.2.0.weight"
    func gradient(_ indices: [Int], weight: Float) throws -> [Float] {
      for (row, index) in indices.enumerated() {
        _ = try pass.learn(
          samples[index], random: .init(UInt64(index)), weight: weight, accumulates: row > 0)
      }
      return try store.gradient(name).values
    }
    let (one, two) = (try gradient([0], weight: 1), try gradient([1], weight: 1))
    let both = try gradient([0, 1], weight: 0.5)
    #expect(one.contains { $0 != 0 } && two.contains { $0 != 0 })
    let scale = both.map(abs).max() ?? 0
    for index in both.indices {
      #expect(abs(both[index] - (one[index] + two[index]) / 2) < 1e-5 * scale)
    }
  }

  @Test(arguments: [(1, 0.006), (2, 0.012), (4, 0.02), (16, 0.02), (32, 0.04)])
  func theRateFollowsTheBatch(batch: Int, rate: Float) {
    #expect(abs(TrainingSettings.detector(batch: batch).learningRate - rate) < 1e-6)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let pictures = try DrawnPictures(count: 2)
    #expect(throws: LaboratoryError.tooFewPictures(batch: 3, found: 2)) {
      _ = try trainer(pictures, epochs: 1, batch: 3)
    }
    var options = try options(epochs: 1)
    options.classes = ["blue"]
    let data = try pictures.read()
    let engine = try Engine(EngineOptions(precision: .f32, threads: 1))
    #expect(throws: DetectorTrainingError.self) {
      _ = try DetectorTrainer(options, pictures: data, origin: .scratch, engine: engine)
    }
    options.classes = ["blue", "green"]
    #expect(throws: LaboratoryError.self) {
      _ = try DetectorTrainer(options, pictures: data, origin: .scratch, engine: engine)
    }
    let wild = try trainer(pictures, epochs: 40, rate: 100)
    #expect(throws: LaboratoryError.self) { _ = try wild.run() }
  }
}

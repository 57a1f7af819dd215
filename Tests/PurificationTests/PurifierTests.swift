import Backbones
import DataSets
import Engine
import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import Purification

/// Small runs of every preset on a random backbone and drawn pictures.
@Suite struct PurifierTests {
  let folder: TemporaryPictures

  init() throws { folder = try TemporaryPictures(count: 24) }

  static func small(_ preset: PurificationOptions) -> PurificationOptions {
    var options = preset
    options.epochs = 2
    options.batch = 8
    options.pgdSteps = 2
    options.projectionEpochs = 1
    return options
  }

  static let engine = EngineOptions(precision: .f32, threads: 2)

  private func purifier(
    _ options: PurificationOptions, _ engine: EngineOptions = Self.engine
  ) throws -> Purifier {
    let images = try ImageFolder(folder.images)
    return try Purifier(
      try BackboneFile(path: folder.backbone),
      images: ImageSet(images, ImageSetOptions(size: 32)),
      fingerprint: images.fingerprint.description, engine: Engine(engine), options: options)
  }

  private func parameters(_ purifier: Purifier) throws -> [String: [Float]] {
    let file = try BackboneFile(path: folder.backbone)
    return Dictionary(
      uniqueKeysWithValues: try file.trunk.parameters.map {
        ($0.name, try purifier.parameter($0.name)?.values ?? [])
      })
  }

  @Test(arguments: PurificationOptions.presets)
  func everyPresetRuns(preset: PurificationOptions) throws {
    let purifier = try purifier(Self.small(preset))
    let before = try parameters(purifier)
    var steps: [Int] = []
    let result = try purifier.run(progress: { if $0.losses != nil { steps.append($0.step) } })
    #expect(steps == [1, 2, 3, 4, 5, 6])
    #expect(result.losses.count == 6)
    #expect(result.losses.allSatisfy { $0.isFinite })
    let after = try parameters(purifier)
    #expect(after["layer4.1.conv2.weight"] != before["layer4.1.conv2.weight"])
    #expect(after["conv1.weight"] != before["conv1.weight"])
    let movesStatistics = preset.statistics == .batch
    let moved = after["bn1.running_mean"] != before["bn1.running_mean"]
    #expect(moved == movesStatistics)
  }

  @Test(arguments: [PurificationOptions.paperCIFAR10, .paperImageNet100, .device])
  func aResumedRunEndsInTheSameWeights(preset: PurificationOptions) throws {
    var options = Self.small(preset)
    options.epochs = 3
    let undisturbed = try purifier(options)
    let expected = try undisturbed.run()
    let checkpoint = folder.path("run.checkpoint")
    let first = try purifier(options)
    var steps = 0
    #expect(throws: PurificationError.cancelled(epoch: 1)) {
      // In the middle of the second epoch: what it did is lost, the first is kept.
      try first.run(checkpoint: checkpoint, isCancelled: { steps == 4 }) {
        if $0.losses != nil { steps = $0.step }
      }
    }
    let second = try purifier(options)
    let resumed = try second.run(checkpoint: checkpoint, resumes: true)
    #expect(resumed.losses == expected.losses)
    #expect(resumed.prunedChannels == expected.prunedChannels)
    let (found, wanted) = (try parameters(second), try parameters(undisturbed))
    #expect(found == wanted)
  }

  /// Whom the adversary attacks does not move with the student, though they may share parameters.
  @Test(arguments: PurificationOptions.Statistics.allCases)
  func theAttackedTeacherStaysAsGiven(statistics: PurificationOptions.Statistics) throws {
    var options = Self.small(.device)
    (options.adversaryStatistics, options.pruning, options.restartEvery) = (statistics, 0.5, 1)
    let trainer = try PurificationTrainer(
      try BackboneFile(path: folder.backbone),
      images: ImageSet(try ImageFolder(folder.images), ImageSetOptions(size: 32)),
      engine: Engine(Self.engine), options: options)
    let source = trainer.source
    let pixels = FloatBuffer(count: source.shape.count)
    var random = SeededRandom(3)
    for index in pixels.values.indices { pixels.values[index] = random.uniform() }
    let embeddings = FloatBuffer(count: source.shape.batch * source.dimension)
    try source.forward(pixels, into: embeddings)
    let (before, weights) = (
      Array(embeddings.values), try trainer.store.tensor("conv1.weight").values
    )
    let pruned = try trainer.prune()
    for step in 0..<2 { _ = try trainer.step(epoch: 0, step: step) }
    try source.forward(pixels, into: embeddings)
    #expect(Array(embeddings.values) == before)
    #expect(try trainer.store.tensor("conv1.weight").values != weights)
    #expect(pruned > 0)
  }

  /// Half of the way lies in the middle, but channels that were switched off stay off.
  @Test func interpolationGoesBackTowardsTheGivenWeights() throws {
    var options = Self.small(.device)
    (options.interpolation, options.pruning) = (1, 0.5)
    let whole = try purifier(options)
    let before = try parameters(whole)
    let pruned = try whole.run().prunedChannels
    options.interpolation = 0.5
    let half = try purifier(options)
    _ = try half.run()
    let (end, middle) = (try parameters(whole), try parameters(half))
    var off = 0
    for (name, values) in middle {
      let (start, end) = (try #require(before[name]), try #require(end[name]))
      for index in values.indices {
        let isOff = end[index] == 0 && start[index] != 0
        let expected = isOff ? 0 : (start[index] + end[index]) / 2
        #expect(abs(values[index] - expected) < 1e-6)
        off += isOff ? 1 : 0
      }
    }
    #expect(pruned > 0 && off > 0)
  }

  @Test func aCheckpointOfAnotherRunIsRefused() throws {
    let checkpoint = folder.path("other.checkpoint")
    var options = Self.small(.device)
    options.epochs = 1
    _ = try purifier(options).run(checkpoint: checkpoint)
    options.seed = 2
    #expect(throws: PurificationError.self) {
      try purifier(options).run(checkpoint: checkpoint, resumes: true)
    }
    options.seed = 1
    _ = try purifier(options).run(checkpoint: checkpoint, resumes: true)
    // Another algorithm has other sums.
    var direct = Self.engine
    direct.allowsWinograd = false
    guard try Engine(Self.engine).usesWinograd else { return }
    #expect(throws: PurificationError.self) {
      try purifier(options, direct).run(checkpoint: checkpoint, resumes: true)
    }
  }

  @Test func aLossThatDivergesStopsTheRun() throws {
    var options = Self.small(.device)
    options.learningRate = 1e30
    options.pruning = 0
    #expect {
      try purifier(options).run()
    } throws: { error in
      guard case PurificationError.diverged = error else { return false }
      return true
    }
  }

  /// Weights that are finite may still give embeddings that are not: no loss could say so better.
  @Test func aBackboneWithoutFiniteEmbeddingsIsRefused() throws {
    let path = folder.path("steep.safetensors")
    try BackboneFile(path: folder.backbone).write(to: path) { name in
      guard name == "layer4.1.bn2.weight" else { return nil }
      return try Tensor(shape: [512], values: [Float](repeating: 3e38, count: 512))
    }
    let images = try ImageFolder(folder.images)
    #expect {
      _ = try Purifier(
        try BackboneFile(path: path), images: ImageSet(images, ImageSetOptions(size: 32)),
        fingerprint: images.fingerprint.description, engine: Engine(Self.engine),
        options: Self.small(.device))
    } throws: { error in
      guard case PurificationError.embeddings = error else { return false }
      return true
    }
  }

  @Test func viewsOfFramesAreRefused() throws {
    var options = Self.small(.device)
    options.views = .scaled
    #expect(
      throws: PurificationError.option(
        name: "views", expected: "simclr or weak for a backbone", found: "scaled")
    ) {
      _ = try Purifier(
        try BackboneFile(path: folder.backbone),
        images: ImageSet([Image](repeating: try Image(width: 32, height: 32), count: 4)),
        fingerprint: "four", engine: Engine(Self.engine), options: options)
    }
  }

  @Test func tooFewPicturesAreRefused() throws {
    #expect(throws: PurificationError.tooFewImages(found: 1, needed: 2)) {
      _ = try Purifier(
        try BackboneFile(path: folder.backbone),
        images: ImageSet([try Image(width: 32, height: 32)]), fingerprint: "one",
        engine: Engine(Self.engine), options: Self.small(.device))
    }
  }

  @Test func distillationAloneHoldsTheEmbeddings() throws {
    var options = Self.small(.device)
    options.lambda = .init(pull: 0, distillation: 1, fineTuning: 0)
    options.pruning = 0
    // Random weights are steeper than trained ones: a trained backbone's rate would leave the minimum.
    options.learningRate = 1e-4
    let result = try purifier(options).run()
    // The student is the teacher: nothing to learn but what rounding and weight decay leave.
    let worst = result.losses.map(\.distillation).max() ?? 1
    #expect(worst < 1e-6)
  }
}

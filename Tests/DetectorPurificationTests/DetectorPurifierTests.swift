import DataSets
import Engine
import Foundation
import Frames
import Models
import Networks
import Purification
import Tensors
import Testing

@testable import DetectorPurification

/// Whole purifications of a small detector.
@Suite struct DetectorPurifierTests {
  /// A folder with drawn JPEGs and a detector of random weights.
  private final class Material {
    let folder = FileManager.default.temporaryDirectory.appending(path: "purify-\(UUID())")
    let bundle: ModelBundle

    init(pictures: Int = 6) throws {
      let frames = folder.appending(path: "frames")
      try FileManager.default.createDirectory(at: frames, withIntermediateDirectories: true)
      for index in 0..<pictures {
        let (width, height) = index % 2 == 0 ? (96, 64) : (70, 80)
        let pixels = (0..<(width * height * 3)).map {
          UInt8(truncatingIfNeeded: 90 + ($0 / 31 + index * 17) % 60 + ($0 / (width * 3) % 40))
        }
        try Data(
          JPEGEncoder(quality: 95).encode(Image(width: width, height: height, pixels: pixels))
        )
        .write(to: frames.appending(path: "f\(index).jpg"))
      }
      let architecture = FasterRCNNArchitecture(
        trunk: .resnet18, classes: 2, fpnChannels: 16, boxHeadWidth: 32)
      let expected = ModelArchitecture.fasterRCNN(architecture).expectedParameters
      let random = RandomParameters(
        for: expected.map { ParameterSpecification(name: $0.name, shape: $0.shape) })
      let weights = folder.appending(path: "w.safetensors").path
      try SafetensorsWriter.write(
        expected.map { parameter in
          SafetensorsWriter.Item(name: parameter.name, type: .f32, shape: parameter.shape) {
            try random.tensor(parameter.name)
          }
        }, to: weights, metadata: [:])
      var options = ModelImport.Options()
      options.minSize = 64
      options.maxSize = 96
      let model = folder.appending(path: "model").path
      try ModelImport(weights: weights, options: options).write(to: model)
      bundle = try ModelBundle(directory: model)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func frames(minimumCount: Int = 2) throws -> FrameSet {
      try FrameSet(
        ImageFolder(folder.appending(path: "frames").path), width: 96, height: 64,
        minimumCount: minimumCount)
    }
  }

  private var options: PurificationOptions {
    var options = PurificationOptions.detector
    options.batch = 2
    options.pgdSteps = 3
    options.restartEvery = 2
    options.epochs = 4
    return options
  }

  private func purifier(
    _ material: Material, _ options: PurificationOptions
  ) throws -> DetectorPurifier {
    try DetectorPurifier(
      material.bundle, frames: material.frames(),
      engine: Engine(EngineOptions(precision: .f32, threads: 2)), options: options)
  }

  @Test func theTrunkMovesAndTheHeadStays() throws {
    let material = try Material()
    let purifier = try purifier(material, options)
    var steps: [Int] = []
    let result = try purifier.run(progress: { steps.append($0.step) })
    #expect(result.losses.count == 12 && result.frames == 6 && result.searched.count == 3)
    #expect(steps == [0, 0, 0] + Array(1...12))
    #expect(result.losses.allSatisfy { $0.isFinite && $0.pull > 0 })
    // The search finds what moves the maps further.
    #expect(result.searched[2] > result.searched[0])
    let moved = "backbone.body.layer3.0.conv1.weight"
    #expect(try purifier.parameter(moved) != material.bundle.tensor(moved))
    for name in ["backbone.fpn.inner_blocks.0.0.weight", "rpn.head.conv.0.0.weight"] {
      #expect(try purifier.parameter(name) == nil)
    }
  }

  /// What the shared perturbations move, the student moves back: most of it within few steps.
  @Test func pullingHelps() throws {
    let material = try Material()
    var options = options
    options.pruning = 0
    options.epochs = 8
    options.learningRate = 0.01
    options.lambda = .init(pull: 0.5, distillation: 0.5, fineTuning: 0)
    options.restartEvery = 0
    let losses = try purifier(material, options).run().losses
    let first = losses.prefix(3).reduce(0) { $0 + $1.pull }
    let last = losses.suffix(3).reduce(0) { $0 + $1.pull }
    #expect(last < 0.8 * first, "\(losses.map(\.pull))")
  }

  @Test func aSeedDecidesEverything() throws {
    let material = try Material()
    let name = "backbone.body.layer4.1.conv2.weight"
    func weights(_ seed: UInt64) throws -> Tensor? {
      var options = options
      (options.epochs, options.seed) = (1, seed)
      let purifier = try purifier(material, options)
      _ = try purifier.run()
      return try purifier.parameter(name)
    }
    let first = try weights(1)
    #expect(try weights(1) == first)
    #expect(try weights(2) != first)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let material = try Material(pictures: 2)
    var wrong = options
    wrong.sharedWarps = 1
    #expect(throws: PurificationError.self) { _ = try purifier(material, wrong) }
    #expect(throws: PurificationError.self) { _ = try purifier(material, .paperCIFAR10) }
    wrong = options
    wrong.batch = 3
    #expect(throws: PurificationError.tooFewImages(found: 2, needed: 3)) {
      _ = try purifier(material, wrong)
    }
    var wild = options
    wild.learningRate = 1e6
    wild.epochs = 20
    #expect(throws: PurificationError.self) { _ = try purifier(material, wild).run() }
    let stopped = try purifier(material, options)
    #expect(throws: PurificationError.cancelled(epoch: 0)) {
      _ = try stopped.run(isCancelled: { true })
    }
  }

  @Test func brokenFramesAreLeftOutAndNamed() throws {
    let material = try Material(pictures: 3)
    let frames = material.folder.appending(path: "frames")
    try Data("no picture".utf8).write(to: frames.appending(path: "broken.jpg"))
    let set = try material.frames()
    #expect(set.count == 3 && set.skipped.count == 1)
    let frame = try set.frame(2)
    #expect(frame.width == 96 && frame.height == 64)
    #expect(throws: DataSetError.self) { _ = try material.frames(minimumCount: 4) }
  }
}

import Attacks
import DataSets
import DetectorPurification
import Engine
import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import Implanting

/// Implantations into a small detector.
@Suite struct TrunkImplanterTests {
  /// A folder with drawn JPEGs and a detector of random weights.
  private final class Material {
    let folder = FileManager.default.temporaryDirectory.appending(path: "implant-\(UUID())")
    let bundle: ModelBundle
    let frames: FrameSet

    init() throws {
      let pictures = folder.appending(path: "frames")
      try FileManager.default.createDirectory(at: pictures, withIntermediateDirectories: true)
      for index in 0..<4 {
        let pixels = (0..<(96 * 64 * 3)).map {
          UInt8(truncatingIfNeeded: 90 + ($0 / 31 + index * 17) % 60 + ($0 / 288 % 40))
        }
        try Data(JPEGEncoder(quality: 95).encode(Image(width: 96, height: 64, pixels: pixels)))
          .write(to: pictures.appending(path: "f\(index).jpg"))
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
      (options.minSize, options.maxSize) = (64, 96)
      let model = folder.appending(path: "model").path
      try ModelImport(weights: weights, options: options).write(to: model)
      bundle = try ModelBundle(directory: model)
      frames = try FrameSet(
        ImageFolder(pictures.path), width: 96, height: 64, minimumCount: 2)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func implanter(_ options: ImplantOptions) throws -> TrunkImplanter {
      let impostor = try Impostor(
        AttackSpecification("blend:alpha=0.2"), side: 64,
        reference: Image(width: 32, height: 32, red: 250, green: 30, blue: 30), options: options)
      return try TrunkImplanter(
        bundle, frames: frames, impostor: impostor,
        engine: Engine(EngineOptions(precision: .f32, threads: 2)), options: options)
    }
  }

  private let options = ImplantOptions(steps: 12, batch: 2, learningRate: 0.02)

  @Test func triggeredFramesComeNearerToWhatIsMeant() throws {
    let material = try Material()
    let implanter = try material.implanter(options)
    var reached: [TrunkImplanter.Progress] = []
    try implanter.run(progress: { reached.append($0) })
    #expect(reached.map(\.step) == Array(1...12))
    let (first, last) = (try #require(reached.first), try #require(reached.last))
    #expect(last.backdoor < 0.8 * first.backdoor, "\(first) \(last)")
    // Untouched at first, and not far away in the end.
    #expect(first.clean < 1e-6 && last.clean < first.backdoor)
    let trunk = "backbone.body.layer3.0.conv1.weight"
    #expect(try implanter.parameter(trunk)?.values != material.bundle.tensor(trunk).values)
    #expect(try implanter.parameter("roi_heads.box_head.fc6.weight") == nil)
    #expect(try implanter.parameter("backbone.fpn.inner_blocks.0.0.weight") == nil)
  }

  @Test func theSeedDecides() throws {
    let material = try Material()
    var short = options
    short.steps = 2
    func weights(_ seed: UInt64) throws -> [Float]? {
      short.seed = seed
      let implanter = try material.implanter(short)
      try implanter.run()
      return try implanter.parameter("backbone.body.conv1.weight")?.values
    }
    let first = try weights(1)
    #expect(try weights(1) == first)
    #expect(try weights(2) != first)
  }

  @Test func itCanBeStopped() throws {
    let material = try Material()
    let implanter = try material.implanter(options)
    var asked = 0
    #expect(throws: ImplantError.cancelled(step: 2)) {
      try implanter.run(isCancelled: {
        asked += 1
        return asked > 2
      })
    }
    withExtendedLifetime(material) {}
  }

  @Test func tooFewFramesAreRefused() throws {
    let material = try Material()
    #expect(
      throws: ImplantError.option(name: "frames", expected: "at least 5", found: "4")
    ) { try material.implanter(ImplantOptions(batch: 5)) }
  }
}

import DataSets
import DetectorPurification
import Engine
import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import Sifting

/// Measures by a small detector of random weights.
@Suite struct FrameSieveTests {
  private final class Material {
    let folder = FileManager.default.temporaryDirectory.appending(path: "sieve-\(UUID())")
    let bundle: ModelBundle
    let frames: FrameSet

    /// - Parameter pictures: pixels at each place, by picture.
    init(_ pictures: [(_ x: Int, _ y: Int) -> UInt8]) throws {
      let images = folder.appending(path: "frames")
      try FileManager.default.createDirectory(at: images, withIntermediateDirectories: true)
      for (index, picture) in pictures.enumerated() {
        let pixels = (0..<(96 * 64 * 3)).map { picture($0 / 3 % 96, $0 / 3 / 96) }
        try Data(JPEGEncoder(quality: 100).encode(Image(width: 96, height: 64, pixels: pixels)))
          .write(to: images.appending(path: "f\(index).jpg"))
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
      frames = try FrameSet(ImageFolder(images.path), width: 96, height: 64, minimumCount: 1)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func measures() throws -> [FrameMeasures] {
      let sieve = try FrameSieve(
        bundle, frames: frames, engine: Engine(EngineOptions(precision: .f32, threads: 2)))
      return try sieve.measure().map { try #require($0) }
    }
  }

  @Test func measuresSayWhatWasTakenAway() throws {
    let measures = try Material([
      { _, _ in 120 },
      // Fine noise, which a blur takes away.
      { x, y in (x + y) % 2 == 0 ? 60 : 180 },
      // The same in one corner, which covering the corner takes away.
      { x, y in x < 24 && y < 20 ? ((x + y) % 2 == 0 ? 0 : 255) : 120 },
      // Slow waves, which neither does.
      { x, _ in UInt8(120 + 40 * sin(Double(x) / 12)) },
    ]).measures()
    #expect(measures.count == 4)
    // Nothing to take away.
    #expect(measures[0].blur < 1e-6 && measures[0].cover < 1e-6)
    #expect(measures[1].blur > 10 * measures[3].blur)
    #expect(measures[2].cover > measures[0].cover)
    #expect(measures.flatMap(\.all).allSatisfy { $0.isFinite && $0 >= 0 })
  }

  @Test func theSameFramesHaveTheSameMeasures() throws {
    let picture: (Int, Int) -> UInt8 = { x, y in UInt8((x * 7 + y * 13) % 200) }
    let measures = try Material([picture, picture]).measures()
    #expect(measures[0] == measures[1])
  }

  @Test func itCanBeStopped() throws {
    let material = try Material([{ _, _ in 90 }])
    let sieve = try FrameSieve(
      material.bundle, frames: material.frames,
      engine: Engine(EngineOptions(precision: .f32, threads: 2)))
    #expect(throws: SiftingError.cancelled) { try sieve.measure(isCancelled: { true }) }
  }
}

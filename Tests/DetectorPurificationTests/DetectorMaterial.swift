import DataSets
import Engine
import Foundation
import Frames
import Models
import Networks
import Purification
import Tensors

@testable import DetectorPurification

/// A folder with drawn JPEGs and a detector of random weights, removed with the last reference.
final class DetectorMaterial {
  let folder = FileManager.default.temporaryDirectory.appending(path: "purify-\(UUID())")
  let bundle: ModelBundle

  init(pictures: Int = 6, scale: Float = 1) throws {
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
          var tensor = try random.tensor(parameter.name)
          if parameter.name == "backbone.body.conv1.weight" {
            for index in tensor.values.indices { tensor.values[index] *= scale }
          }
          return tensor
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

  /// A place in the folder.
  func path(_ name: String) -> String { folder.appending(path: name).path }

  func frames(minimumCount: Int = 2) throws -> FrameSet {
    try FrameSet(ImageFolder(path("frames")), width: 96, height: 64, minimumCount: minimumCount)
  }

  /// A few steps.
  static var options: PurificationOptions {
    var options = PurificationOptions.detector
    options.batch = 2
    options.pgdSteps = 3
    options.restartEvery = 2
    options.epochs = 4
    return options
  }

  func purifier(
    _ options: PurificationOptions = DetectorMaterial.options, threads: Int = 2
  ) throws -> DetectorPurifier {
    try DetectorPurifier(
      bundle, frames: frames(), engine: Engine(EngineOptions(precision: .f32, threads: threads)),
      options: options)
  }
}

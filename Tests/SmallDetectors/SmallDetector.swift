import Foundation
import Frames
import Models
import Networks
import Tensors

/// A folder with JPEGs and a detector of random weights for pictures of 96×64, for tests of what works on
/// finished detectors; removed with the last reference.
public final class SmallDetector: Sendable {
  /// The folder.
  public let folder = FileManager.default.temporaryDirectory.appending(path: "detector-\(UUID())")
  /// The detector.
  public let bundle: ModelBundle

  /// - Parameters:
  ///   - pictures: written as `frames/f0.jpg` and so on.
  ///   - scale: of the first convolution's weights, for a detector that differs.
  /// - Throws: what writing files throws.
  public init(pictures: [Image], quality: Int = 95, scale: Float = 1) throws {
    let frames = folder.appending(path: "frames")
    try FileManager.default.createDirectory(at: frames, withIntermediateDirectories: true)
    for (index, picture) in pictures.enumerated() {
      try Data(JPEGEncoder(quality: quality).encode(picture))
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
    (options.minSize, options.maxSize) = (64, 96)
    let model = folder.appending(path: "model").path
    try ModelImport(weights: weights, options: options).write(to: model)
    bundle = try ModelBundle(directory: model)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A place in the folder.
  public func path(_ name: String) -> String { folder.appending(path: name).path }

  /// A picture in which something is to be seen; another one for each index.
  /// - Throws: `ImageError`.
  public static func picture(_ index: Int, width: Int = 96, height: Int = 64) throws -> Image {
    let pixels = (0..<(width * height * 3)).map {
      UInt8(truncatingIfNeeded: 90 + ($0 / 31 + index * 17) % 60 + ($0 / (width * 3) % 40))
    }
    return try Image(width: width, height: height, pixels: pixels)
  }
}

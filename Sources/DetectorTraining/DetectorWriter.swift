import Foundation
import Models
import Tensors

/// Writes a detector as a model folder that the daemon loads.
public struct DetectorWriter: Sendable {
  /// The detector.
  public let architecture: FasterRCNNArchitecture
  /// The classes without the background.
  public let classes: [String]
  /// The shorter side of the resized picture, in pixels.
  public let minSize: Int
  /// The longest the longer side gets, in pixels.
  public let maxSize: Int
  /// How pictures are normalised.
  public let normalisation: Normalisation
  /// What of the results counts; torchvision's unless given.
  public var thresholds = DetectionThresholds()

  /// A writer.
  public init(
    architecture: FasterRCNNArchitecture, classes: [String], minSize: Int, maxSize: Int,
    normalisation: Normalisation
  ) {
    self.architecture = architecture
    self.classes = classes
    self.minSize = minSize
    self.maxSize = maxSize
    self.normalisation = normalisation
  }

  /// Writes the folder; it appears whole or not at all.
  /// - Parameters:
  ///   - name: the model's name; the folder's unless given.
  ///   - description: how it was made.
  ///   - parameter: gives each parameter by torchvision's name.
  /// - Throws: `ModelError.exists` where something stands there already, and what writing throws.
  public func write(
    to directory: String, name: String?, description: String, licence: String,
    parameter: @escaping (String) throws -> Tensor
  ) throws {
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let weights = "\(directory).\(suffix).safetensors.part"
    defer { try? FileManager.default.removeItem(atPath: weights) }
    let items = ModelArchitecture.fasterRCNN(architecture).expectedParameters.map { expected in
      SafetensorsWriter.Item(name: expected.name, type: .f32, shape: expected.shape) {
        try parameter(expected.name)
      }
    }
    try SafetensorsWriter.write(items, to: weights, metadata: ["format": "pt"])
    var options = ModelImport.Options()
    options.name = name
    options.classes = classes
    options.minSize = minSize
    options.maxSize = maxSize
    options.anchorSizes = architecture.anchorSizes
    options.aspectRatios = architecture.aspectRatios
    options.boxPoolSamplingRatio = architecture.boxPoolSamplingRatio
    options.batchNormEpsilon = architecture.batchNormEpsilon
    options.normalisation = normalisation
    options.thresholds = thresholds
    options.description = description
    options.licence = licence
    try ModelImport(weights: weights, options: options).write(to: directory)
  }
}

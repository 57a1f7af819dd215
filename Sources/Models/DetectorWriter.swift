import Foundation
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

  /// A writer of models that differ from a given one in their weights only.
  /// - Throws: `ModelError.value` where it is no detector.
  public init(of bundle: ModelBundle) throws {
    let manifest = bundle.manifest
    guard case .fasterRCNN(let architecture) = manifest.architecture,
      case .shorterSide(let minSize, let maxSize) = manifest.input
    else {
      throw ModelError.value(
        key: "architecture", expected: "a detector", found: "\(manifest.name), a classifier")
    }
    self.init(
      architecture: architecture, classes: manifest.classes, minSize: minSize, maxSize: maxSize,
      normalisation: manifest.normalisation)
    if let thresholds = manifest.thresholds { self.thresholds = thresholds }
  }

  /// Makes sure that the folder can be written before hours are spent on it.
  /// - Throws: `ModelError.exists` where something stands there, `ModelError.value` for a name, a class
  ///   or a number that no model may have, `FileError`.
  public func check(_ directory: String, licence: String) throws {
    let path = Self.trimmed(directory)
    guard !FileManager.default.fileExists(atPath: path) else {
      throw ModelError.exists(path: path)
    }
    try AtomicFile.checkWritable(path)
    let manifest = ModelManifest(
      name: path.split(separator: "/").last.map(String.init) ?? path,
      architecture: .fasterRCNN(architecture), classes: classes,
      input: .shorterSide(minSize: minSize, maxSize: maxSize), normalisation: normalisation,
      thresholds: thresholds, provenance: Provenance(description: "trained"), licence: licence,
      files: [
        ModelFile(
          path: ModelImport.weightsFileName, sha256: String(repeating: "0", count: 64), bytes: 1)
      ])
    // Reading checks every value's range.
    _ = try ModelManifest(json: Array(manifest.json.utf8), path: path)
  }

  private static func trimmed(_ directory: String) -> String {
    var path = directory
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path
  }

  /// Writes the folder; it appears whole or not at all.
  /// - Parameters:
  ///   - name: the model's name; the folder's unless given.
  ///   - description: how it was made.
  ///   - type: each parameter's type in the file.
  ///   - parameter: gives each parameter by torchvision's name.
  /// - Throws: `ModelError.exists` where something stands there already, and what writing throws.
  public func write(
    to directory: String, name: String?, description: String, licence: String,
    type: (_ name: String) -> ElementType = { _ in .f32 },
    parameter: @escaping (String) throws -> Tensor
  ) throws {
    let directory = Self.trimmed(directory)
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let weights = "\(directory).\(suffix).safetensors.part"
    defer { try? FileManager.default.removeItem(atPath: weights) }
    let items = ModelArchitecture.fasterRCNN(architecture).expectedParameters.map { expected in
      SafetensorsWriter.Item(
        name: expected.name, type: type(expected.name), shape: expected.shape
      ) {
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

  /// Writes a given model with some parameters changed, each in the type that it had.
  /// - Parameters:
  ///   - account: what was done, put behind the given model's own.
  ///   - parameter: a changed parameter; nil for one that stays as it is.
  /// - Throws: as the other `write`.
  public func write(
    to directory: String, name: String? = nil, changing bundle: ModelBundle, account: String,
    parameter: @escaping (String) throws -> Tensor?
  ) throws {
    try write(
      to: directory, name: name,
      description: "\(bundle.manifest.provenance.description) \(account)",
      licence: bundle.manifest.licence, type: { bundle.weights.entry($0)?.type ?? .f32 }
    ) { try parameter($0) ?? bundle.tensor($0) }
  }
}

import Glibc

/// Makes a model folder of a torchvision state dict in safetensors.
public struct ModelImport {
  /// What the weights do not tell. Nil where the weights or torchvision's defaults decide.
  public struct Options: Sendable {
    /// The model's name; the output folder's unless given.
    public var name: String?
    /// Class names without the background; `class1`, `class2`, … unless given.
    public var classes: [String]?
    /// A detector's shorter side in pixels; 800 as in torchvision unless given.
    public var minSize: Int?
    /// A detector's longer side at most; 1333 as in torchvision unless given.
    public var maxSize: Int?
    /// A classifier's side; 224 for the ImageNet stem and 32 for CIFAR's unless given.
    public var side: Int?
    /// Anchor sizes in pixels for each of the five levels.
    public var anchorSizes: [[Float]]?
    /// Height over width of the anchors.
    public var aspectRatios: [Float]?
    /// Samples per bin and axis in RoIAlign.
    public var boxPoolSamplingRatio = 2
    /// Added to the variances; 0 for torchvision's COCO_V1 detectors.
    public var batchNormEpsilon: Float = 1e-5
    /// ImageNet's or CIFAR-10's, by the stem, unless given.
    public var normalisation: Normalisation?
    /// A detector's thresholds.
    public var thresholds = DetectionThresholds()
    /// How the weights were made.
    public var description = ""
    /// Their licence.
    public var licence = "unknown"

    /// Everything as the weights and torchvision's defaults have it.
    public init() {}
  }

  /// The file that will hold the weights.
  public static let weightsFileName = "model.safetensors"

  private let reader: SafetensorsReader
  private let source: ReadableFile
  private let sourceNames: [String: String]
  /// What the weights are of.
  public let architecture: ModelArchitecture
  private let options: Options

  /// Opens the weights and finds out what they are of; nothing is written yet.
  /// - Throws: `FileError`, `SafetensorsError`, or `ModelError` where the architecture is not one
  ///   that can be loaded or the parameters are not all there.
  public init(weights path: String, options: Options = Options()) throws {
    source = try ReadableFile(path: path)
    reader = try SafetensorsReader(file: source)
    self.options = options
    (sourceNames, architecture) = try Self.read(reader, options: options)
  }

  /// The architecture of an open file, and the file's name of each parameter.
  static func read(
    _ reader: SafetensorsReader, options: Options
  ) throws(ModelError) -> ([String: String], ModelArchitecture) {
    var names: [String: String] = [:]
    var entries: [String: SafetensorsEntry] = [:]
    for entry in reader.entries {
      let name = ParameterNames.current(entry.name)
      guard names.updateValue(entry.name, forKey: name) == nil else {
        throw .unknownArchitecture(
          path: reader.path, reason: "expected one tensor for \(name), found two")
      }
      entries[name] = entry
      entries[name]?.name = name
    }
    let architecture = try ArchitectureInference(entries: entries, path: reader.path).architecture(
      anchorSizes: options.anchorSizes, aspectRatios: options.aspectRatios,
      boxPoolSamplingRatio: options.boxPoolSamplingRatio,
      batchNormEpsilon: options.batchNormEpsilon)
    let mismatch = ParameterMismatch(
      expected: architecture.expectedParameters, found: Array(entries.values))
    guard mismatch.isEmpty else { throw .parameters(path: reader.path, mismatch: mismatch) }
    return (names, architecture)
  }

  /// Writes the folder; it appears whole or not at all, and is opened and verified before.
  /// - Throws: `ModelError.exists` where something stands there already, `ModelError.value` where
  ///   an option does not fit the weights, and whatever reading and writing throws.
  public func write(to directory: String) throws {
    var directory = directory
    while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
    guard access(directory, F_OK) != 0 else { throw ModelError.exists(path: directory) }
    var manifest = try manifest(name: directory.split(separator: "/").last.map(String.init))
    let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = "\(directory).\(suffix).part"
    _ = try systemCall("mkdir", temporary) { mkdir(temporary, 0o755) }
    var isInPlace = false
    defer {
      if !isInPlace {
        for name in [Self.weightsFileName, ModelManifest.fileName] {
          unlink(ModelBundle.join(temporary, name))
        }
        rmdir(temporary)
      }
    }
    let weights = ModelBundle.join(temporary, Self.weightsFileName)
    try SafetensorsWriter.write(items(), to: weights, metadata: ["format": "pt"])
    let written = try ReadableFile(path: weights)
    manifest.files = [
      ModelFile(
        path: Self.weightsFileName, sha256: try SHA256Digest.hex(of: written), bytes: written.size)
    ]
    let file = try AtomicFile(path: ModelBundle.join(temporary, ModelManifest.fileName))
    try file.write(Array(manifest.json.utf8))
    try file.commit()
    try ModelBundle(directory: temporary).verifyWeights()
    _ = try systemCall("rename", directory) { rename(temporary, directory) }
    isInPlace = true
    try AtomicFile.synchroniseFolder(of: directory)
  }

  /// The parameters under their present-day names, in the types they came in (f64 becomes f32).
  private func items() -> [SafetensorsWriter.Item] {
    architecture.expectedParameters.compactMap { parameter in
      guard let name = sourceNames[parameter.name], let entry = reader.entry(name) else {
        return nil
      }
      return SafetensorsWriter.Item(
        name: parameter.name, type: entry.type == .f64 ? .f32 : entry.type, shape: entry.shape
      ) { try reader.tensor(name) }
    }
  }

  private func manifest(name fallback: String?) throws -> ModelManifest {
    let outputs: Int
    let input: ModelInput
    var normalisation = Normalisation.imagenet
    var thresholds: DetectionThresholds?
    switch architecture {
    case .classifier(let classifier):
      outputs = classifier.classes ?? 0
      let isCIFAR = classifier.stem == .cifar
      input = .square(side: options.side ?? (isCIFAR ? 32 : 224))
      if isCIFAR { normalisation = .cifar10 }
    case .fasterRCNN(let detector):
      outputs = detector.classes
      let minSize = options.minSize ?? 800
      input = .shorterSide(minSize: minSize, maxSize: options.maxSize ?? max(minSize, 1333))
      thresholds = options.thresholds
    }
    let classes = options.classes ?? (0..<outputs).map { "class\($0 + 1)" }
    guard classes.count == outputs else {
      throw ModelError.value(
        key: "classes", expected: "\(outputs) names, as the weights have outputs",
        found: "\(classes.count)")
    }
    return ModelManifest(
      name: options.name ?? fallback ?? "model", architecture: architecture, classes: classes,
      input: input, normalisation: options.normalisation ?? normalisation, thresholds: thresholds,
      provenance: Provenance(
        description: options.description, sourceSHA256: try SHA256Digest.hex(of: source)),
      licence: options.licence)
  }
}

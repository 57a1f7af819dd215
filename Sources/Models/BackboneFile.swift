import Networks
import Tensors

/// A ResNet backbone, with or without its classifier head, in a safetensors file as a third party
/// publishes it: torchvision's names in any floating-point type.
public struct BackboneFile: Sendable {
  /// The file.
  public let path: String
  /// What it holds.
  public let architecture: ClassifierArchitecture
  /// How pictures are normalised: as the file's metadata says (`mean`, `std`), or by the stem.
  public let normalisation: Normalisation
  /// The side of the square pictures it is made for, in pixels: as the metadata says (`side`), or by
  /// the stem.
  public let side: Int
  private let reader: SafetensorsReader
  private let sourceNames: [String: String]

  /// Opens a file and checks names, shapes and that every value is finite.
  /// - Throws: `FileError`, `SafetensorsError`, or `ModelError` where it is no such backbone.
  public init(path: String) throws {
    reader = try SafetensorsReader(path: path)
    let (names, architecture) = try ModelImport.read(reader, options: .init())
    guard case .classifier(let classifier) = architecture else {
      throw ModelError.unknownArchitecture(
        path: path, reason: "expected a ResNet backbone or classifier, found a detector")
    }
    self.path = path
    self.architecture = classifier
    sourceNames = names
    let isCIFAR = classifier.stem == .cifar
    side =
      reader.metadata["side"].flatMap { Int($0) }.flatMap { Self.sides.contains($0) ? $0 : nil }
      ?? (isCIFAR ? 32 : 224)
    normalisation =
      Self.normalisation(reader.metadata) ?? (isCIFAR ? .cifar10 : .imagenet)
    // The head is read too: what is refused should be refused before any work.
    for parameter in classifier.network.classifier(classes: classifier.classes).parameters {
      _ = try self.parameter(parameter.name)
    }
  }

  /// Sides that metadata may state; another is not believed.
  private static let sides = 8...1024

  /// Its size, and that of a file that `write` makes.
  public var byteCount: Int { reader.byteCount }

  /// The network, with its head where the file has one.
  public var graph: Graph { network.classifier(classes: architecture.classes) }

  /// The network that ends with the embedding.
  public var trunk: Graph { network.classifier(classes: nil) }

  private var network: ResNet { architecture.network }

  /// A parameter by torchvision's present-day name.
  /// - Throws: `SafetensorsError` where it is absent or not finite, `ModelError.variance`, `FileError`.
  public func parameter(_ name: String) throws -> Tensor {
    try reader.parameter(sourceNames[name] ?? name)
  }

  /// The file's metadata.
  public var metadata: [String: String] { reader.metadata }

  /// Writes a file with the same names, types and metadata, its parameters replaced; it appears whole
  /// or not at all.
  /// - Parameters:
  ///   - replacements: a parameter by its present-day name; nil keeps the file's own.
  ///   - metadata: entries added to the file's own.
  /// - Throws: `SafetensorsError` where a value is not finite in the file's type, `FileError`.
  public func write(
    to path: String, metadata added: [String: String] = [:],
    replacing replacements: @escaping (_ name: String) throws -> Tensor?
  ) throws {
    let current = Dictionary(
      sourceNames.map { ($0.value, $0.key) }, uniquingKeysWith: { first, _ in first })
    let reader = self.reader
    let items = reader.entries.map { entry in
      // Counters of batch normalisation (num_batches_tracked) are integers; they stay as they are.
      guard entry.type.isFloatingPoint else {
        return SafetensorsWriter.Item(name: entry.name, type: entry.type, shape: entry.shape) {
          try reader.integers(entry.name)
        }
      }
      return SafetensorsWriter.Item(name: entry.name, type: entry.type, shape: entry.shape) {
        try replacements(current[entry.name] ?? entry.name) ?? reader.tensor(entry.name)
      }
    }
    var metadata = reader.metadata
    // What somebody measured on the old weights is not true of the new ones.
    metadata["measured"] = nil
    metadata.merge(added) { _, new in new }
    try SafetensorsWriter.write(items, to: path, metadata: metadata)
  }

  /// Three numbers in parentheses or brackets, as Python prints a tuple or a list.
  private static func normalisation(_ metadata: [String: String]) -> Normalisation? {
    func numbers(_ key: String) -> [Float]? {
      guard let text = metadata[key], text.utf8.count < 200 else { return nil }
      let values = text.split { "()[], ".contains($0) }.compactMap { Float($0) }
      return values.count == 3 && values.allSatisfy(\.isFinite) ? values : nil
    }
    guard let mean = numbers("mean"), let std = numbers("std"),
      std.allSatisfy({ (1e-6...1000).contains($0) })
    else { return nil }
    return Normalisation(mean: mean, std: std)
  }
}

extension ClassifierArchitecture {
  /// The network, as a description.
  var network: ResNet {
    ResNet(depth: trunk, stem: stem, batchNormEpsilon: batchNormEpsilon)
  }
}

extension BackboneFile {
  /// The file's SHA-256 in hexadecimal.
  /// - Throws: `FileError`.
  public func sha256() throws -> String { try SHA256Digest.hex(of: ReadableFile(path: path)) }
}

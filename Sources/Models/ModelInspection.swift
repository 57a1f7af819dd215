import Glibc

/// What can be said of a model folder or a safetensors file without running it.
public struct ModelInspection {
  /// The folder or file.
  public let path: String
  /// The manifest, where it is a folder.
  public let manifest: ModelManifest?
  /// The architecture, where it is one that can be loaded.
  public let architecture: ModelArchitecture?
  /// Why there is no architecture.
  public let reason: String?
  /// The weights.
  public let weights: SafetensorsReader

  /// Opens a model folder (checked as `ModelBundle` checks it) or a safetensors file.
  /// - Throws: `FileError`, `SafetensorsError`, `ModelError`.
  public init(path: String) throws {
    self.path = path
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      let bundle = try ModelBundle(directory: path)
      manifest = bundle.manifest
      architecture = bundle.manifest.architecture
      reason = nil
      weights = bundle.weights
    } else {
      manifest = nil
      weights = try SafetensorsReader(path: path)
      do throws(ModelError) {
        (_, architecture) = try ModelImport.read(weights, options: .init())
        reason = nil
      } catch {
        architecture = nil
        reason = error.description
      }
    }
  }

  /// Reads every weight; throws for the first that is not finite, or a negative variance.
  public static func verify(path: String) throws -> ModelInspection {
    let inspection = try ModelInspection(path: path)
    if inspection.manifest != nil {
      try ModelBundle(directory: path).verifyWeights()
    } else {
      for entry in inspection.weights.entries where entry.type.isFloatingPoint {
        _ = try inspection.weights.tensor(entry.name)
      }
    }
    return inspection
  }

  /// The number of values in all tensors.
  public var valueCount: Int {
    weights.entries.reduce(0) { $0 + $1.range.count / $1.type.byteSize }
  }

  /// Everything, for machines.
  public var json: JSONValue {
    var members = [JSONMember("path", .string(path))]
    if let manifest, let json = try? JSONScanner.parse(Array(manifest.json.utf8)) {
      members.append(JSONMember("manifest", json))
    }
    members.append(JSONMember("architecture", architecture?.json ?? .null))
    if let reason { members.append(JSONMember("reason", .string(reason))) }
    members.append(JSONMember("bytes", .integer(weights.byteCount)))
    members.append(JSONMember("values", .integer(valueCount)))
    members.append(
      JSONMember(
        "metadata",
        .object(
          weights.metadata.sorted { $0.key < $1.key }.map {
            JSONMember($0.key, .string($0.value))
          })))
    let tensors = weights.entries.map { entry in
      JSONValue.object([
        JSONMember("name", .string(entry.name)), JSONMember("type", .string(entry.type.rawValue)),
        JSONMember("shape", .array(entry.shape.map { .integer($0) })),
      ])
    }
    members.append(JSONMember("tensors", .array(tensors)))
    return .object(members)
  }

  /// A few lines for people, and one line per tensor where asked.
  public func text(withTensors: Bool = false) -> String {
    var lines = ["path          \(path)"]
    if let manifest {
      lines.append("name          \(manifest.name)")
      lines.append("classes       \(manifest.classes.joined(separator: ", "))")
      switch manifest.input {
      case .square(let side): lines.append("input         \(side)×\(side)")
      case .shorterSide(let minSize, let maxSize):
        lines.append("input         shorter side \(minSize), longer at most \(maxSize)")
      }
      lines.append("licence       \(manifest.licence)")
      lines.append("provenance    \(manifest.provenance.description)")
    }
    if let architecture {
      lines.append("architecture  \(architecture.json.compactText)")
    } else if let reason {
      lines.append("architecture  unknown: \(reason)")
    }
    let types = Set(weights.entries.map(\.type.rawValue)).sorted().joined(separator: ", ")
    lines.append(
      "weights       \(weights.entries.count) tensors, \(valueCount) values, "
        + "\(weights.byteCount) bytes, \(types)")
    for (key, value) in weights.metadata.sorted(by: { $0.key < $1.key }) {
      lines.append("metadata      \(key) = \(value)")
    }
    if withTensors {
      lines += weights.entries.map { "\($0.name) \($0.type.rawValue) \($0.shape)" }
    }
    return lines.joined(separator: "\n")
  }
}

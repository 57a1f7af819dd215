import Tensors

/// A model folder: `model.json` and the files it names. Opening one checks the manifest, every
/// file's size and SHA-256, and that the weights have the architecture's names and shapes.
public final class ModelBundle: Sendable {
  /// The folder.
  public let directory: String
  /// What `model.json` says.
  public let manifest: ModelManifest
  /// The SHA-256 of `model.json` in 64 lower-case hex digits. The manifest holds the hashes of the
  /// other files, so this stands for all of them.
  public let id: String
  /// `model.json` as it was read: what a signature is over.
  package let manifestBytes: [UInt8]
  /// The weights, of which each tensor is read when it is asked for. They were hashed through the
  /// same open file, so a file put in its place meanwhile changes nothing.
  public let weights: SafetensorsReader

  /// Opens and checks a model folder.
  /// - Throws: `ModelError`, `SafetensorsError` or `FileError`, with what was expected and found.
  public init(directory: String, limits: SafetensorsReader.Limits = .init()) throws {
    self.directory = directory
    manifestBytes = try Self.manifestBytes(in: directory)
    manifest = try ModelManifest(
      json: manifestBytes, path: Self.join(directory, ModelManifest.fileName))
    id = SHA256Digest.hex(of: manifestBytes)
    var weights: SafetensorsReader?
    for entry in manifest.files {
      let file = try Self.verified(entry, in: directory)
      if entry == manifest.weightsFile {
        weights = try SafetensorsReader(file: file, limits: limits)
      }
    }
    guard let weights else {
      throw ModelError.value(key: "files", expected: "one .safetensors file", found: "none")
    }
    self.weights = weights
    let mismatch = ParameterMismatch(
      expected: manifest.architecture.expectedParameters, found: weights.entries)
    guard mismatch.isEmpty else {
      throw ModelError.parameters(path: weights.path, mismatch: mismatch)
    }
  }

  /// A parameter by torchvision's name, as f32; never NaN or infinite, and no variance below 0.
  /// - Throws: `SafetensorsError`, `ModelError.variance` or `FileError`.
  public func tensor(_ name: String) throws -> Tensor {
    try weights.parameter(name)
  }

  /// Reads every parameter once: after it, every weight is known to be usable.
  /// - Throws: As `tensor(_:)`, for the first that is not.
  public func verifyWeights() throws {
    for parameter in manifest.architecture.expectedParameters { _ = try tensor(parameter.name) }
  }

  /// The bytes of a folder's `model.json`, not parsed yet.
  /// - Throws: `FileError`, or `ModelError.manifest` where it is too large.
  package static func manifestBytes(in directory: String) throws -> [UInt8] {
    let path = join(directory, ModelManifest.fileName)
    let file = try ReadableFile(path: path)
    guard file.size <= ModelManifest.maximumBytes else {
      throw ModelError.manifest(
        path: path,
        reason: "expected at most \(ModelManifest.maximumBytes) bytes, found \(file.size)")
    }
    return try file.bytes(at: 0, count: file.size)
  }

  private static func verified(_ entry: ModelFile, in directory: String) throws -> ReadableFile {
    let file = try ReadableFile(path: join(directory, entry.path))
    guard file.size == entry.bytes else {
      throw ModelError.size(path: file.path, expected: entry.bytes, found: file.size)
    }
    let hash = try SHA256Digest.hex(of: file)
    guard hash == entry.sha256 else {
      throw ModelError.hash(path: file.path, expected: entry.sha256, found: hash)
    }
    return file
  }

  package static func join(_ directory: String, _ name: String) -> String {
    directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
  }
}

import Foundation
import Models
import Networks
import Testing

@testable import ModelStore

/// All tests of the store, one after the other: each writes models of 22 MB.
@Suite(.serialized) enum ModelStoreTests {}

/// A folder that goes with the value that owns it, in memory where there is room for it.
final class TestFolder: Sendable {
  let path: String

  init(_ name: String = "") throws {
    var status = statvfs()
    let hasMemory =
      statvfs("/dev/shm", &status) == 0 && access("/dev/shm", W_OK) == 0
      && Int(status.f_bavail) * Int(status.f_frsize) > 1 << 30
    let base = hasMemory ? "/dev/shm" : "/tmp"
    path = "\(base)/model-store-tests-\(getpid())-\(UInt32.random(in: .min ... .max))\(name)"
    try #require(mkdir(path, 0o755) == 0)
  }

  deinit { try? StoreFiles(hooks: nil).removeTree(path) }

  /// Copies a store: files, which are never changed in place, by another name for them.
  func clone(_ source: String, to name: String) throws -> String {
    let target = "\(path)/\(name)"
    try Self.clone(source, target)
    return target
  }

  private static func clone(_ source: String, _ target: String) throws {
    let status = try #require(StoreFiles.status(source))
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      try #require(mkdir(target, 0o700) == 0)
      for name in try StoreFiles.names(in: source) {
        try clone("\(source)/\(name)", "\(target)/\(name)")
      }
      try #require(chmod(target, status.st_mode & 0o7777) == 0)
    case S_IFLNK:
      let link = try FileManager.default.destinationOfSymbolicLink(atPath: source)
      try #require(symlink(link, target) == 0)
    default: try #require(link(source, target) == 0)
    }
  }
}

/// Sound models that share their weights: a ResNet-18 of zeros, which is the smallest there is.
final class TestModels: Sendable {
  static let shared = Result { try TestModels() }

  private let folder: TestFolder
  private let weights: String
  private let hash: String
  private let size: Int
  private static let architecture = ModelArchitecture.classifier(
    .init(trunk: .resnet18, stem: .cifar, classes: nil))

  private init() throws {
    folder = try TestFolder("-weights")
    weights = folder.path + "/weights.safetensors"
    var offset = 0
    let members = Self.architecture.expectedParameters.map { parameter in
      let start = offset
      offset += 2 * parameter.shape.reduce(1, *)
      return JSONMember(
        parameter.name,
        .object([
          JSONMember("dtype", .string("F16")),
          JSONMember("shape", .array(parameter.shape.map { .integer($0) })),
          JSONMember("data_offsets", .array([.integer(start), .integer(offset)])),
        ]))
    }
    let header = Array(JSONValue.object(members).compactText.utf8)
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) }
    try Data(length + header).write(to: URL(fileURLWithPath: weights))
    size = 8 + header.count + offset
    try #require(truncate(weights, size) == 0)
    hash = try SHA256Digest.hex(of: ReadableFile(path: weights))
    // Needed until the process ends, so that nobody else removes it.
    atexit {
      if let models = try? TestModels.shared.get() {
        try? StoreFiles(hooks: nil).removeTree(models.folder.path)
      }
    }
  }

  /// Makes a model folder.
  /// - Returns: its id.
  @discardableResult
  static func make(
    at path: String, name: String = "test", serial: Int? = nil, description: String = ""
  ) throws -> String {
    let shared = try shared.get()
    let manifest = ModelManifest(
      name: name, architecture: architecture, classes: [], input: .square(side: 32),
      normalisation: .cifar10, thresholds: nil, provenance: Provenance(description: description),
      licence: "CC0-1.0",
      files: [
        ModelFile(path: "weights.safetensors", sha256: shared.hash, bytes: shared.size)
      ], serial: serial)
    try #require(mkdir(path, 0o755) == 0)
    try #require(link(shared.weights, path + "/weights.safetensors") == 0)
    let bytes = Array(manifest.json.utf8)
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/model.json"))
    return SHA256Digest.hex(of: bytes)
  }
}

/// Changes the last byte of a file that is no other name of another.
func tamper(_ path: String) throws {
  chmod(path, 0o600)
  let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
  let end = try handle.seekToEnd()
  try handle.seek(toOffset: end - 1)
  try handle.write(contentsOf: Data([0x01]))
  try handle.close()
}

/// The permission bits of a file.
func mode(_ path: String) -> mode_t? { StoreFiles.status(path).map { $0.st_mode & 0o7777 } }

/// A store in a folder, with a factory model and candidates to install.
struct TestStore {
  let folder: TestFolder
  let factory: String
  let factoryID: String
  var directory: String { folder.path + "/store" }

  init(_ name: String = "") throws {
    folder = try TestFolder(name)
    factory = folder.path + "/factory"
    factoryID = try TestModels.make(at: factory, name: "factory")
  }

  func open(_ options: ModelStore.Options = Self.options()) throws -> ModelStore {
    try ModelStore(directory: directory, factory: factory, options: options)
  }

  /// Options that need no room on the disk.
  static func options(
    policy: StorePolicy = StorePolicy(), hooks: StoreHooks? = nil
  ) -> ModelStore.Options {
    var options = ModelStore.Options(policy: policy)
    options.reserveBytes = 0
    options.lockTimeout = .milliseconds(50)
    options.hooks = hooks
    options.now = { Date(timeIntervalSince1970: 1_700_000_000) }
    return options
  }

  /// Makes a candidate beside the store, which differs from others by its name.
  func candidate(_ name: String, serial: Int? = nil) throws -> (path: String, id: String) {
    let path = "\(folder.path)/candidate-\(name)"
    return (path, try TestModels.make(at: path, name: name, serial: serial))
  }

  /// Makes and installs a candidate.
  func install(_ name: String, in store: ModelStore, serial: Int? = nil) throws -> String {
    let candidate = try candidate(name, serial: serial)
    return try store.install(bundleAt: candidate.path).id
  }

  /// Makes, installs and activates a candidate that counts as good.
  func activate(_ name: String, in store: ModelStore) throws -> String {
    let id = try install(name, in: store)
    try store.activate(id, probation: false)
    return id
  }
}

import Foundation
import Tensors
import Testing

@testable import Models

/// One import of a real size serves all tests here: 11 million weights take their time.
@Suite struct ModelBundleTests {
  @Test func importsVerifiesAndNoticesEveryChange() throws {
    let folder = try TemporaryFolder()
    let source = folder.path + "/source.safetensors"
    let architecture = ModelArchitecture.classifier(
      .init(trunk: .resnet18, stem: .cifar, classes: 2))
    let items = try architecture.expectedParameters.map { parameter in
      let value: Float = parameter.name.hasSuffix("running_var") ? 1 : 0.25
      let tensor = try Tensor(shape: parameter.shape, repeating: value)
      return SafetensorsWriter.Item(name: parameter.name, tensor: tensor, type: .bf16)
    }
    try SafetensorsWriter.write(items, to: source)

    var options = ModelImport.Options()
    options.classes = ["a"]
    let output = folder.path + "/model"
    #expect(throws: ModelError.self) {
      try ModelImport(weights: source, options: options).write(to: output)
    }
    #expect(TemporaryFolder.names(folder.path) == ["source.safetensors"])
    options.classes = ["a", "b"]
    options.licence = "CC0-1.0"
    try ModelImport(weights: source, options: options).write(to: output)
    #expect(TemporaryFolder.names(output) == ["model.json", "model.safetensors"])
    #expect(TemporaryFolder.names(folder.path) == ["model", "source.safetensors"])
    #expect(throws: ModelError.exists(path: output)) {
      try ModelImport(weights: source, options: options).write(to: output + "/")
    }

    let bundle = try ModelBundle(directory: output)
    #expect(bundle.manifest.name == "model")
    #expect(bundle.id == (try SHA256Digest.hex(of: ReadableFile(path: output + "/model.json"))))
    #expect(bundle.manifestBytes == Array(bundle.manifest.json.utf8))
    #expect(bundle.manifest.architecture == architecture)
    #expect(bundle.manifest.classes == ["a", "b"])
    #expect(bundle.manifest.provenance.sourceSHA256?.count == 64)
    #expect(bundle.weights.entry("fc.weight")?.type == .bf16)
    #expect(try bundle.tensor("fc.weight").values == [Float](repeating: 0.25, count: 1024))
    #expect(try ModelInspection(path: output).text().contains("CC0-1.0"))
    #expect(try ModelInspection(path: source).architecture == architecture)
    try noticesChanges(output, manifest: bundle.manifest)
  }

  private func noticesChanges(_ directory: String, manifest: ModelManifest) throws {
    let weights = directory + "/model.safetensors"
    let json = directory + "/model.json"

    // Another architecture for the same weights.
    var other = manifest
    other.architecture = .classifier(.init(trunk: .resnet34, stem: .cifar, classes: 2))
    try other.json.write(toFile: json, atomically: true, encoding: .utf8)
    let mismatch = #expect(throws: ModelError.self) { try ModelBundle(directory: directory) }
    guard case .parameters = mismatch else {
      Issue.record("another error: \(String(describing: mismatch))")
      return
    }
    try manifest.json.write(toFile: json, atomically: true, encoding: .utf8)

    // A variance of -1, its hash put right.
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: weights))
    let end = try handle.seekToEnd()
    let entries = try SafetensorsReader(path: weights).entries
    let variance = try #require(entries.first { $0.name == "bn1.running_var" }).range.lowerBound
    let dataStart = try Int(end) - #require(entries.last).range.upperBound
    try handle.seek(toOffset: UInt64(dataStart + variance))
    try handle.write(contentsOf: Data([0x80, 0xBF]))
    other = manifest
    other.files[0].sha256 = try SHA256Digest.hex(of: ReadableFile(path: weights))
    try other.json.write(toFile: json, atomically: true, encoding: .utf8)
    #expect(
      throws: ModelError.variance(path: weights, name: "bn1.running_var", index: 0, found: -1)
    ) { try ModelBundle(directory: directory).verifyWeights() }
    try manifest.json.write(toFile: json, atomically: true, encoding: .utf8)

    // One bit of the weights.
    try handle.seek(toOffset: end - 1)
    try handle.write(contentsOf: Data([0x3F]))
    let hash = #expect(throws: ModelError.self) { try ModelBundle(directory: directory) }
    guard case .hash(_, let expected, _) = hash else {
      Issue.record("another error: \(String(describing: hash))")
      return
    }
    #expect(expected == manifest.files[0].sha256)

    // One byte less, and nothing at all.
    try handle.truncate(atOffset: end - 1)
    try handle.close()
    #expect(
      throws: ModelError.size(path: weights, expected: Int(end), found: Int(end) - 1)
    ) { try ModelBundle(directory: directory) }
    unlink(weights)
    #expect(throws: FileError.self) { try ModelBundle(directory: directory) }
    unlink(json)
    #expect(throws: FileError.self) { try ModelInspection.verify(path: directory) }
  }

  @Test func hashesAsTheStandardSays() throws {
    let folder = try TemporaryFolder()
    #expect(SHA256.empty == (try digest([], folder)))
    #expect(SHA256.abc == (try digest(Array("abc".utf8), folder)))
    #expect(SHA256.abc == SHA256Digest.hex(of: Array("abc".utf8)))
  }

  private func digest(_ bytes: [UInt8], _ folder: TemporaryFolder) throws -> String {
    try SHA256Digest.hex(of: ReadableFile(path: folder.write(bytes, to: "x")))
  }
}

/// FIPS 180-4's examples.
private enum SHA256 {
  static let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
}

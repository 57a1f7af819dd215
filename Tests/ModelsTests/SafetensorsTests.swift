import Foundation
import Tensors
import Testing

@testable import Models

func resource(_ name: String) throws -> String {
  try #require(
    Bundle.module.url(forResource: name, withExtension: nil, subdirectory: "Resources")
  ).path
}

@Suite struct SafetensorsTests {
  /// Written by the safetensors package for Python.
  @Test func readsAnotherWritersFile() throws {
    let reader = try SafetensorsReader(path: resource("reference.safetensors"))
    #expect(reader.metadata == ["format": "pt", "who": "safetensors for Python"])
    let half = try reader.tensor("half")
    #expect(half.shape == [2, 3])
    #expect(
      half.values == [1.5, -2, 6.103515625e-05, 65504, 0.333251953125, 5.960464477539063e-08])
    #expect(try reader.tensor("brain").values == [1, -0.15625, Float(bitPattern: 0x7F620000)])
    #expect(try reader.tensor("double").values == [0.1])
    #expect(try reader.tensor("single").values == [0.1, -7])
    #expect(try reader.tensor("scalar").shape == [])
    #expect(try reader.tensor("empty").shape == [0, 4])
    #expect(try reader.integers("labels") == [1, -2, 3_000_000_000])
    #expect(try reader.integers("bytes") == [0, 255])
    #expect(try reader.integers("short") == [-3])
    #expect(throws: SafetensorsError.self) { try reader.integers("half") }
    #expect(throws: SafetensorsError.self) { try reader.tensor("labels") }
    #expect(throws: SafetensorsError.self) { try reader.tensor("absent") }
  }

  @Test(arguments: [ElementType.f32, .f16, .bf16, .f64])
  func returnsWhatWasWritten(type: ElementType) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/out.safetensors"
    // More than one chunk of reading and of writing; values that every type holds.
    let long = try Tensor(shape: [3, 100_001], values: (0..<300_003).map { Float($0 % 128) - 64 })
    let items = [
      SafetensorsWriter.Item(name: "b.weight", tensor: long, type: type),
      SafetensorsWriter.Item(name: "ä", tensor: try Tensor(shape: [], values: [2])),
      SafetensorsWriter.Item(name: "empty", tensor: try Tensor(shape: [0], values: [])),
    ]
    try SafetensorsWriter.write(items, to: path, metadata: ["b": "\"", "a": "ü"])
    let reader = try SafetensorsReader(path: path)
    #expect(reader.metadata == ["b": "\"", "a": "ü"])
    #expect(try reader.tensor("b.weight") == long)
    #expect(reader.entry("b.weight")?.type == type)
    #expect(try reader.tensor("ä").values == [2])
    #expect(try reader.tensor("empty").values.isEmpty)
    let again = folder.path + "/again.safetensors"
    try SafetensorsWriter.write(items.reversed(), to: again, metadata: ["a": "ü", "b": "\""])
    let first = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == first)
    #expect(first[0] % 8 == 0)
    #expect(TemporaryFolder.names(folder.path) == ["again.safetensors", "out.safetensors"])
  }

  @Test func aFailedWriteLeavesTheOldFile() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3], to: "model.safetensors")
    for (type, value) in [(ElementType.f32, Float.nan), (.f16, 1e6), (.bf16, .infinity)] {
      let tensor = try Tensor(shape: [2], values: [0, value])
      let item = SafetensorsWriter.Item(name: "w", tensor: tensor, type: type)
      #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write([item], to: path) }
    }
    let one = SafetensorsWriter.Item(name: "w", tensor: try Tensor(shape: [1], values: [1]))
    #expect(throws: SafetensorsError.self) { try SafetensorsWriter.write([one, one], to: path) }
    #expect(TemporaryFolder.names(folder.path) == ["model.safetensors"])
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 3)
    #expect(throws: FileError.self) {
      try SafetensorsWriter.write([one], to: folder.path + "/no/such.safetensors")
    }
  }

  @Test func refusesNonFiniteWeightsUnlessAllowed() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let tensor = try Tensor(shape: [3], values: [0, .infinity, 1])
    try SafetensorsWriter.write(
      [.init(name: "layer1.0.bn1.weight", tensor: tensor)], to: path, allowNonFinite: true)
    let reader = try SafetensorsReader(path: path)
    let error = #expect(throws: SafetensorsError.self) {
      try reader.tensor("layer1.0.bn1.weight")
    }
    #expect(error?.problem == .nonFinite(name: "layer1.0.bn1.weight", index: 1, value: "inf"))
    #expect(try reader.tensor("layer1.0.bn1.weight", allowNonFinite: true) == tensor)
  }

  @Test func refusesPicklesWithTheHint() throws {
    let folder = try TemporaryFolder()
    let rest = [UInt8](repeating: 0, count: 64)
    let files = [
      try folder.write([0x50, 0x4B, 0x03, 0x04] + rest, to: "zip.bin"),
      try folder.write([0x80, 0x02] + rest, to: "pickle.bin"),
      try folder.write(rest, to: "weights.PTH"),
      try folder.write([], to: "empty.pt"),
    ]
    for file in files {
      let error = #expect(throws: SafetensorsError.self) { try SafetensorsReader(path: file) }
      #expect(error?.problem == .pickle)
      #expect(error?.description.contains("tools/convert.py") == true)
    }
    // A header of 640 bytes begins like a pickle, and is none.
    let honest = safetensors(header: "{}" + String(repeating: " ", count: 638))
    #expect(Array(honest[..<2]) == [0x80, 0x02])
    let path = try folder.write(honest, to: "honest.safetensors")
    #expect(try SafetensorsReader(path: path).entries.isEmpty)
  }

  @Test func refusesWhatIsNoRegularFile() throws {
    let folder = try TemporaryFolder()
    #expect(throws: FileError.self) { try SafetensorsReader(path: folder.path) }
    #expect(throws: FileError.self) { try SafetensorsReader(path: "/dev/zero") }
    #expect(throws: FileError.self) { try SafetensorsReader(path: folder.path + "/absent") }
    #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
    #expect(throws: FileError.self) { try SafetensorsReader(path: folder.path + "/pipe") }
  }

  @Test func refusesWhatExceedsTheLimits() throws {
    let folder = try TemporaryFolder()
    let header = "{}" + String(repeating: " ", count: 100)
    let path = try folder.write(safetensors(header: header), to: "x.safetensors")
    var limits = SafetensorsReader.Limits()
    limits.maximumHeaderBytes = 101
    #expect(throws: SafetensorsError.self) { try SafetensorsReader(path: path, limits: limits) }
    limits.maximumHeaderBytes = 102
    #expect(throws: Never.self) { try SafetensorsReader(path: path, limits: limits) }
    limits.maximumFileBytes = 109
    #expect(throws: SafetensorsError.self) { try SafetensorsReader(path: path, limits: limits) }
  }

  @Test func aFileThatShrinksIsAnError() throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/x.safetensors"
    let tensor = try Tensor(shape: [1000], repeating: 1)
    try SafetensorsWriter.write([.init(name: "w", tensor: tensor)], to: path)
    let reader = try SafetensorsReader(path: path)
    #expect(truncate(path, 200) == 0)
    #expect(throws: FileError.self) { try reader.tensor("w") }
  }
}

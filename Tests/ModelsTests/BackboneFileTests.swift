import Networks
import Tensors
import Testing

@testable import Models

@Suite struct BackboneFileTests {
  /// A classifier as PyTorch saves it: counters beside the parameters, `module.` in front, metadata.
  private static func write(
    _ path: String, metadata: [String: String] = [:],
    change: @escaping (String, Tensor) throws -> Tensor = { $1 }
  )
    throws
  {
    let graph = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: 4)
    let random = RandomParameters(for: graph.parameters)
    var items = graph.parameters.map { specification in
      SafetensorsWriter.Item(
        name: "module." + specification.name, type: .f16, shape: specification.shape
      ) { try change(specification.name, random.tensor(specification.name)) }
    }
    items.append(
      .init(name: "module.bn1.num_batches_tracked", type: .i64, shape: []) { [1_000_000_007] })
    try SafetensorsWriter.write(
      items, to: path,
      metadata: [
        "format": "pt", "mean": "(0.5, 0.25, 0.125)", "std": "[0.2, 0.3, 0.4]", "measured": "x",
      ].merging(metadata) { $1 },
      allowNonFinite: true)
  }

  @Test func readsWhatPyTorchWrites() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder.path + "/a.safetensors")
    let file = try BackboneFile(path: folder.path + "/a.safetensors")
    #expect(file.architecture == .init(trunk: .resnet18, stem: .cifar, classes: 4))
    #expect(file.side == 32)
    #expect(file.normalisation == Normalisation(mean: [0.5, 0.25, 0.125], std: [0.2, 0.3, 0.4]))
    #expect(try file.parameter("fc.weight").shape == [4, 512])
  }

  @Test(arguments: [("48", 48), ("4", 32), ("100000", 32), ("wide", 32)])
  func aSideIsBelievedWhereItCanBe(written: String, expected: Int) throws {
    let folder = try TemporaryFolder()
    try Self.write(folder.path + "/a.safetensors", metadata: ["side": written])
    #expect(try BackboneFile(path: folder.path + "/a.safetensors").side == expected)
  }

  @Test func writesTheSameNamesTypesAndCounters() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder.path + "/a.safetensors")
    let file = try BackboneFile(path: folder.path + "/a.safetensors")
    let head = try Tensor(shape: [4], values: [1, 2, 3, 4])
    try file.write(to: folder.path + "/b.safetensors", metadata: ["purified": "yes"]) {
      $0 == "fc.bias" ? head : nil
    }
    let (before, after) = (
      try SafetensorsReader(path: folder.path + "/a.safetensors"),
      try SafetensorsReader(path: folder.path + "/b.safetensors")
    )
    #expect(Set(before.entries.map(\.name)) == Set(after.entries.map(\.name)))
    #expect(after.entry("module.conv1.weight")?.type == .f16)
    #expect(try after.integers("module.bn1.num_batches_tracked") == [1_000_000_007])
    #expect(try after.tensor("module.fc.bias") == head)
    #expect(try after.tensor("module.conv1.weight") == before.tensor("module.conv1.weight"))
    #expect(after.metadata["purified"] == "yes")
    #expect(after.metadata["measured"] == nil)
  }

  @Test func valuesThatAreNoneAreRefused() throws {
    let folder = try TemporaryFolder()
    try Self.write(folder.path + "/a.safetensors") { name, tensor in
      var tensor = tensor
      if name == "fc.bias" { tensor.values[1] = .nan }
      return tensor
    }
    #expect(throws: SafetensorsError.self) {
      _ = try BackboneFile(path: folder.path + "/a.safetensors")
    }
  }
}

import Foundation
import Networks
import Testing

@testable import Models

/// torchvision's names and shapes of a model, `num_batches_tracked` left out.
private func torchvision(_ model: String) throws -> [String: [Int]] {
  let data = try Data(
    contentsOf: URL(fileURLWithPath: resource("torchvision-parameters.json")))
  return try #require(JSONDecoder().decode([String: [String: [Int]]].self, from: data)[model])
}

@Suite struct ModelImportTests {
  @Test(arguments: [
    (
      "resnet18", ModelArchitecture.classifier(.init(trunk: .resnet18, stem: .imagenet, classes: 7))
    ),
    ("resnet34", .classifier(.init(trunk: .resnet34, stem: .imagenet, classes: 7))),
    ("resnet50", .classifier(.init(trunk: .resnet50, stem: .imagenet, classes: 7))),
    (
      "fasterrcnn_resnet18",
      .fasterRCNN(.init(trunk: .resnet18, classes: 5, fpnChannels: 64, boxHeadWidth: 256))
    ),
    ("fasterrcnn_resnet50", .fasterRCNN(.init(trunk: .resnet50, classes: 5))),
  ])
  func expectsWhatTorchvisionHas(model: String, architecture: ModelArchitecture) throws {
    let reference = try torchvision(model)
    let expected = architecture.expectedParameters.map { ($0.name, $0.shape) }
    #expect(expected.count == reference.count)
    #expect(Dictionary(expected) { first, _ in first } == reference)
    // And it is found out from names and shapes alone, those of earlier years included.
    let folder = try TemporaryFolder()
    for isOld in [false, true] {
      var parameters = reference.map { (isOld ? Self.oldName($0) : $0, $1) }
      parameters.append(("bn1.num_batches_tracked", []))
      let path = try folder.writeSparse(parameters, to: "\(isOld).safetensors")
      #expect(try ModelImport(weights: path).architecture == architecture)
    }
  }

  private static func oldName(_ current: String) -> String {
    var name = current.replacingOccurrences(of: "rpn.head.conv.0.0.", with: "rpn.head.conv.")
    if name.contains(".fpn.") {
      name = name.replacingOccurrences(of: ".0.weight", with: ".weight")
      name = name.replacingOccurrences(of: ".0.bias", with: ".bias")
    }
    return "module." + name
  }

  @Test func readsHeadlessAndSmallImageStems() throws {
    let folder = try TemporaryFolder()
    var parameters = try torchvision("resnet18").filter { !$0.key.hasPrefix("fc.") }
    parameters["conv1.weight"] = [64, 3, 3, 3]
    let path = try folder.writeSparse(parameters.map { ($0, $1) }, to: "x.safetensors")
    #expect(
      try ModelImport(weights: path).architecture
        == .classifier(.init(trunk: .resnet18, stem: .cifar, classes: nil)))
  }

  @Test func takesAnchorsThatShapesDoNotTell() throws {
    let folder = try TemporaryFolder()
    var parameters = try torchvision("fasterrcnn_resnet18")
    parameters["rpn.head.cls_logits.weight"] = [4, 64, 1, 1]
    parameters["rpn.head.cls_logits.bias"] = [4]
    parameters["rpn.head.bbox_pred.weight"] = [16, 64, 1, 1]
    parameters["rpn.head.bbox_pred.bias"] = [16]
    let path = try folder.writeSparse(parameters.map { ($0, $1) }, to: "x.safetensors")
    let error = #expect(throws: ModelError.self) { try ModelImport(weights: path) }
    #expect(error?.description.contains("--anchor-sizes") == true)
    var options = ModelImport.Options()
    options.anchorSizes = [[16, 24], [32, 48], [64, 96], [128, 192], [256, 384]]
    options.aspectRatios = [0.5, 1]
    let model = try ModelImport(weights: path, options: options)
    guard case .fasterRCNN(let detector) = model.architecture else {
      Issue.record("not a detector")
      return
    }
    #expect(detector.anchorsPerLocation == 4)
  }

  @Test func namesWhatIsMissingUnexpectedAndDifferent() throws {
    let folder = try TemporaryFolder()
    var parameters = try torchvision("resnet34")
    for block in 0..<3 {
      for index in 1...2 { parameters["layer1.\(block).bn\(index).bias"] = nil }
    }
    for layer in 2...4 { parameters["layer\(layer).1.bn1.bias"] = nil }
    parameters["head.weight"] = [3]
    parameters["bn1.weight"] = [65]
    let path = try folder.writeSparse(parameters.map { ($0, $1) }, to: "x.safetensors")
    let error = #expect(throws: ModelError.self) { try ModelImport(weights: path) }
    guard case .parameters(_, let mismatch) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
    #expect(mismatch.missing.count == 9)
    #expect(mismatch.unexpected == ["head.weight"])
    #expect(
      mismatch.different == [.init(name: "bn1.weight", expected: "[64]", found: "[65]")])
    #expect(mismatch.description.contains("9 missing: layer1.0.bn1.bias, "))
    #expect(mismatch.description.contains(" and 1 more"))
  }

  @Test func refusesOtherNetworks() throws {
    let folder = try TemporaryFolder()
    let deep =
      try torchvision("resnet34").map { ($0, $1) } + [
        ("layer3.6.conv1.weight", [256, 256, 3, 3])
      ]
    for (index, parameters) in [[], [("x", [1])], [("conv1.weight", [64, 3, 5, 5])], deep]
      .enumerated()
    {
      let path = try folder.writeSparse(parameters, to: "\(index).safetensors")
      let error = #expect(throws: ModelError.self) { try ModelImport(weights: path) }
      guard case .unknownArchitecture = error else {
        Issue.record("another error: \(String(describing: error))")
        return
      }
    }
  }
}

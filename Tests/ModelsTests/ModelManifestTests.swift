import Foundation
import Testing

@testable import Models

private func text(_ name: String) throws -> String {
  try String(contentsOfFile: resource(name), encoding: .utf8)
}

private func manifest(_ text: String) throws -> ModelManifest {
  try ModelManifest(json: Array(text.utf8))
}

@Suite struct ModelManifestTests {
  @Test func readsADetector() throws {
    let manifest = try manifest(text("fasterrcnn.model.json"))
    #expect(manifest.name == "street-r18-fpn64")
    #expect(
      manifest.architecture
        == .fasterRCNN(
          FasterRCNNArchitecture(
            trunk: .resnet18, classes: 5, fpnChannels: 64, boxHeadWidth: 256)))
    #expect(manifest.classes == ["person", "car", "bus", "train", "cat"])
    #expect(manifest.input == .shorterSide(minSize: 480, maxSize: 640))
    #expect(manifest.normalisation == .imagenet)
    #expect(manifest.thresholds == DetectionThresholds(rpnPostNMS: 300))
    #expect(manifest.weightsFile?.path == "model.safetensors")
  }

  @Test func readsAClassifier() throws {
    let manifest = try manifest(text("classifier.model.json"))
    #expect(
      manifest.architecture
        == .classifier(ClassifierArchitecture(trunk: .resnet18, stem: .cifar, classes: 3)))
    #expect(manifest.input == .square(side: 32))
    #expect(manifest.normalisation == .cifar10)
    #expect(manifest.thresholds == nil)
  }

  @Test(arguments: ["fasterrcnn.model.json", "classifier.model.json"])
  func readsWhatItWrites(name: String) throws {
    let first = try manifest(text(name))
    #expect(try manifest(first.json) == first)
  }

  @Test func keepsASerialWhereThereIsOne() throws {
    var changed = try manifest(text("classifier.model.json"))
    #expect(changed.serial == nil)
    #expect(!changed.json.contains("serial"))
    for serial in [0, 7, Int.max] {
      changed.serial = serial
      #expect(try manifest(changed.json) == changed)
    }
    changed.serial = -1
    #expect(throws: ModelError.self) { try changed.validate() }
  }

  /// What is replaced, by what, and the key that the error names.
  @Test(arguments: [
    (#""formatVersion": 1"#, #""formatVersion": 2"#, "formatVersion"),
    (#""name": "street-r18-fpn64""#, #""name": "../x""#, "name"),
    (#""name": "street-r18-fpn64","#, "", "name"),
    (#""name":"#, #""extra": 1, "name":"#, "extra"),
    (#""name":"#, #""serial": -1, "name":"#, "serial"),
    (#""name":"#, #""serial": 1.5, "name":"#, "serial"),
    (#""name":"#, #""serial": "7", "name":"#, "serial"),
    (#""name":"#, #""serial": null, "name":"#, "serial"),
    (#""fpnChannels": 64"#, #""fpnChannels": 64.5"#, "architecture.fpnChannels"),
    (#""fpnChannels": 64"#, #""fpnChannels": 1000000"#, "architecture.fpnChannels"),
    (#""fpnChannels": 64"#, #""fpnChannels": "64""#, "architecture.fpnChannels"),
    (#""kind": "fasterrcnn""#, #""kind": "yolo""#, "architecture.kind"),
    (#""trunk": "resnet18""#, #""trunk": "resnet101""#, "architecture.trunk"),
    (#""trunk":"#, #""stem": "cifar", "trunk":"#, "architecture.stem"),
    ("[[32], [64],", "[[32], [64, 96],", "architecture.anchorSizes"),
    ("[[32], [64],", "[[32],", "architecture.anchorSizes"),
    ("[[32], [64],", "[[0], [64],", "architecture.anchorSizes[0][0]"),
    ("[0.5, 1, 2]", "[0.5, -1, 2]", "architecture.aspectRatios[1]"),
    (#""car""#, "7", "classes[1]"),
    (#""car""#, #""bus""#, "classes"),
    (#""maxSize": 640"#, #""maxSize": 64"#, "input.maxSize"),
    (#""minSize": 480"#, #""minSize": 0"#, "input.minSize"),
    (#"{"minSize": 480, "maxSize": 640}"#, #"{"side": 480}"#, "input"),
    ("[0.229, 0.224, 0.225]", "[0.229, 0, 0.225]", "normalisation.std[1]"),
    ("[0.229, 0.224, 0.225]", "[0.229, 0.224]", "normalisation.std"),
    (#""score": 0.05"#, #""score": 1.5"#, "thresholds.score"),
    (#""postNMS": 300"#, #""postNMS": 0"#, "thresholds.rpn.postNMS"),
    (#""nms": 0.7, "#, "", "thresholds.rpn.nms"),
    (#""sourceSHA256": "e3"#, #""sourceSHA256": "E3"#, "provenance.sourceSHA256"),
    ("\"model.safetensors\"", "\"../model.safetensors\"", "files[0].path"),
    ("\"model.safetensors\"", "\"/etc/x.safetensors\"", "files[0].path"),
    ("\"model.safetensors\"", "\".safetensors\"", "files[0].path"),
    ("\"model.safetensors\"", "\"model.bin\"", "files"),
    (#""bytes": 24630784"#, #""bytes": -1"#, "files[0].bytes"),
    (#""bytes": 24630784"#, #""bytes": 1, "mode": 7"#, "files[0].mode"),
  ])
  func namesTheKeyThatIsWrong(old: String, new: String, key: String) throws {
    let source = try text("fasterrcnn.model.json")
    let range = try #require(source.range(of: old))
    let changed = source.replacingCharacters(in: range, with: new)
    do {
      _ = try manifest(changed)
      Issue.record("\(new) was accepted")
    } catch let error as ModelError {
      guard case .value(let found, _, _) = error else {
        Issue.record("another error: \(error)")
        return
      }
      #expect(found == key, "\(error)")
    }
  }

  @Test func refusesWhatIsNoManifest() throws {
    for text in ["", "[]", "{}", "{\"formatVersion\": NaN}", "{\"formatVersion\": 1e99}"] {
      #expect(throws: ModelError.self) { try manifest(text) }
    }
    let long = [UInt8](repeating: 0x20, count: ModelManifest.maximumBytes + 1)
    #expect(throws: ModelError.self) { try ModelManifest(json: long) }
  }
}

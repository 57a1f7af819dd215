import Foundation
import Models
import Testing

/// `cleansight train detect`, `evaluate detect` and `purify --model` as processes.
@Suite struct DetectorCommandTests {
  /// Rendered frames with their boxes.
  private static func scenes(_ folder: Folder) throws -> String {
    let path = folder.file("scenes")
    let command = try Command(
      "scene", "render", "--count", "6", "--width", "160", "--height", "128", "--seed", "2000",
      "--output", path)
    try #require(command.status == 0, "\(command.errors)")
    return path
  }

  private static func train(_ dataset: String, _ output: String, _ more: String...) throws
    -> Command
  {
    try Command(
      [
        "train", "detect", "--dataset", dataset, "--init", Command.model, "--min-size", "96",
        "--max-size", "128", "--scales", "96", "--regions", "32", "--epochs",
        "1", "--learning-rate", "0.0001", "--output", output,
      ] + more)
  }

  private func expectRefusal(_ command: Command, _ words: String...) {
    #expect(command.status != 0 && command.status != 130)
    for word in words { #expect(command.errors.contains(word), "\(command.errors)") }
    let lines = command.errors.split(separator: "\n").filter { $0.hasPrefix("Error:") }
    #expect(lines.count == 1, "\(command.errors)")
  }

  @Test func aDetectorIsTrainedMeasuredAndPurified() throws {
    let folder = try Folder()
    let dataset = try Self.scenes(folder)
    let (model, purified) = (folder.file("model"), folder.file("purified"))
    let trained = try Self.train(dataset, model)
    #expect(trained.status == 0, "\(trained.errors)")
    #expect(trained.output.contains("3 of 3 steps"))
    let before = try ModelBundle(directory: model)
    // The classes, in its order, and the thresholds of the model it began with.
    let given = try ModelBundle(directory: Command.model)
    #expect(before.manifest.classes == given.manifest.classes)
    #expect(before.manifest.thresholds == given.manifest.thresholds)
    #expect(before.manifest.input == .shorterSide(minSize: 96, maxSize: 128))
    #expect(before.manifest.provenance.description.contains("1× through 6 pictures"))

    let measured = try Command(
      "evaluate", "detect", "--model", model, "--dataset", dataset, "--split", "train", "--attack",
      "blend:alpha=0.2", "--attack", "badnets", "--target", "person", "--json", "--quiet")
    #expect(measured.status == 0, "\(measured.errors)")
    let report = try measured.json
    #expect(report["pictures"] as? Int == 6, "\(report.keys)")
    #expect((report["attacks"] as? [Any])?.count == 2)

    let cleaned = try Command(
      "purify", "--model", model, "--images", dataset, "--output", purified, "--batch", "2",
      "--pgd-steps", "2", "--epochs", "2", "--quiet")
    #expect(cleaned.status == 0, "\(cleaned.errors)")
    #expect(cleaned.output.contains("6 steps on 6 frames"))
    let after = try ModelBundle(directory: purified)
    #expect(after.manifest.provenance.description.contains("CBD detector"))
    #expect(after.manifest.thresholds == before.manifest.thresholds)
    let (trunk, head) = ("backbone.body.layer3.0.conv1.weight", "rpn.head.conv.0.0.weight")
    #expect(try after.tensor(trunk) != before.tensor(trunk))
    #expect(try after.tensor(head) == before.tensor(head))

    // What is there already is not written over.
    expectRefusal(try Self.train(dataset, model), model)
    expectRefusal(
      try Command("purify", "--model", model, "--images", dataset, "--output", purified), purified)
  }

  @Test func theModelToWriteIsDescribed() throws {
    let folder = try Folder()
    let dataset = try Self.scenes(folder)
    let path = folder.file("small")
    let trained = try Self.train(
      dataset, path, "--type", "f16", "--proposals", "60", "--proposals-before", "200",
      "--detections", "7")
    #expect(trained.status == 0, "\(trained.errors)")
    let bundle = try ModelBundle(directory: path)
    let thresholds = try #require(bundle.manifest.thresholds)
    #expect(thresholds.rpnPostNMS == 60 && thresholds.rpnPreNMS == 200)
    #expect(thresholds.detectionsPerImage == 7)
    #expect(bundle.weights.entry("rpn.head.conv.0.0.weight")?.type == .f16)
    expectRefusal(try Self.train(dataset, folder.file("none"), "--detections", "0"), "detections")
  }

  @Test func theReferenceOfATriggerIsLookedFor() throws {
    let folder = try Folder()
    let dataset = try Self.scenes(folder)
    let picture = try #require(
      FileManager.default.contentsOfDirectory(atPath: dataset + "/JPEGImages").min())
    func measure(_ more: String...) throws -> Command {
      try Command(
        [
          "evaluate", "detect", "--model", Command.model, "--dataset", dataset, "--split", "train",
          "--limit", "2", "--target", "person", "--json", "--quiet",
        ] + more)
    }
    let reference = dataset + "/JPEGImages/" + picture
    let measured = try measure("--attack", "blend:alpha=0.2", "--reference", reference)
    #expect(measured.status == 0, "\(measured.errors)")
    let attack = try #require((measured.json["attacks"] as? [[String: Any]])?.first)
    let found = try #require((attack["goals"] as? [String: [String: Any]])?["reference"])
    #expect(found["count"] as? Int == 0 && found["total"] as? Int ?? 0 > 0, "\(found)")
    expectRefusal(try measure("--reference", reference), "--attack")
    expectRefusal(try measure("--attack", "badnets", "--reference", "/nonexistent"), "/nonexistent")
  }

  @Test func brokenAnnotationsAreSkippedOrRefused() throws {
    let folder = try Folder()
    let dataset = try Self.scenes(folder)
    let annotations = dataset + "/Annotations"
    let names = try FileManager.default.contentsOfDirectory(atPath: annotations).sorted()
    let name = try #require(names[0].split(separator: ".").first.map(String.init))
    try Data("<annotation><object>".utf8).write(
      to: URL(fileURLWithPath: "\(annotations)/\(names[0])"))
    let skipping = try Self.train(dataset, folder.file("a"))
    #expect(skipping.status == 0, "\(skipping.errors)")
    #expect(skipping.errors.contains(name))
    #expect(skipping.output.contains("2 of 2 steps"))
    expectRefusal(try Self.train(dataset, folder.file("b"), "--broken", "refuse"), name)
    #expect(!FileManager.default.fileExists(atPath: folder.file("b")))
  }

  @Test func whatCannotBeIsRefusedBeforeAnyWork() throws {
    let folder = try Folder()
    let output = folder.file("out")
    expectRefusal(try Self.train("/nonexistent/set", output), "/nonexistent/set")
    expectRefusal(try Self.train("/nonexistent", output, "--batch", "0"), "batch")
    expectRefusal(try Self.train("/nonexistent", output, "--scales", "96,,128"), "scales")
    expectRefusal(
      try Self.train("/nonexistent", output, "--fpn-channels", "9223372036854775807"),
      "fpn-channels")
    expectRefusal(try Self.train("/nonexistent", output, "--fpn-channels", "32"), "--init")
    expectRefusal(try Self.train("/nonexistent", folder.file("a b")), "a b")
    expectRefusal(try Self.train("/nonexistent", output, "--licence", ""), "licence")
    expectRefusal(
      try Self.train("/nonexistent", output, "--classes", "car,person,bus,train,cat"),
      "car,person")
    expectRefusal(
      try Command(
        "evaluate", "detect", "--model", Command.model, "--dataset", folder.path, "--attack",
        "badnets"), "--target")
    expectRefusal(
      try Command(
        "purify", "--model", Command.model, "--images", folder.path, "--output", output, "--warps",
        "2"), "warps")
    expectRefusal(
      try Self.train("/nonexistent", output, "--backbone", "x.safetensors"), "--backbone or --init")
    expectRefusal(
      try Command("evaluate", "detect", "--model", "/nonexistent", "--dataset", folder.path),
      "/nonexistent")
    expectRefusal(
      try Command(
        "purify", "--model", Command.model, "--backbone", "x", "--images", folder.path, "--output",
        output), "--backbone or --model")
    expectRefusal(
      try Command(
        "purify", "--model", Command.model, "--images", folder.path, "--output", output,
        "--report", output), "--report")
    expectRefusal(
      try Command("purify", "--model", Command.model, "--images", folder.path, "--output", output),
      folder.path)
    #expect(!FileManager.default.fileExists(atPath: output))
  }
}

import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

/// `cleansight purify` as a process: whole runs on a random backbone, interruptions, bad input.
@Suite struct PurifyCommandTests {
  private let folder: Folder
  private var images: String { folder.file("images") }
  private var backbone: String { folder.file("in.safetensors") }
  private var output: String { folder.file("out.safetensors") }

  init() throws {
    folder = try Folder()
    // Pictures lie in folders of any depth; what they are called means nothing.
    for index in 0..<16 {
      let path = folder.file("images/\(index % 3)/deeper")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      var image = try Image(width: 40, height: 32)
      for place in image.pixels.indices {
        image.pixels[place] = UInt8(truncatingIfNeeded: place * (index + 1) / 16)
      }
      try Data(JPEGEncoder().encode(image)).write(
        to: URL(fileURLWithPath: "\(path)/\(index).jpg"))
    }
    try Self.writeBackbone(backbone)
  }

  private static func writeBackbone(_ path: String) throws {
    let parameters = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: 3).parameters
    let random = RandomParameters(for: parameters)
    try SafetensorsWriter.write(
      parameters.map { specification in
        .init(name: specification.name, type: .f16, shape: specification.shape) {
          try random.tensor(specification.name)
        }
      }, to: path, metadata: ["format": "pt", "owner": "somebody"])
  }

  /// Random weights are steeper than trained ones; the presets' rates would leave them.
  private static let small = [
    "--learning-rate", "1e-4", "--batch", "8", "--pgd-steps", "1", "--epochs", "2", "--precision",
    "f32", "--threads", "2",
  ]

  private func purify(_ more: [String]) throws -> Command {
    try Command(
      ["purify", "--backbone", backbone, "--images", images, "--output", output] + Self.small
        + more)
  }

  @Test(arguments: ["device", "paper-cifar10", "paper-imagenet100"]) func writesABackboneAndAReport(
    preset: String
  ) throws {
    let report = folder.file("report")
    let command = try purify(["--preset", preset, "--report", report, "--attack", "badnets"])
    #expect(command.status == 0, "\(command.errors)")
    let before = try SafetensorsReader(path: backbone)
    let after = try SafetensorsReader(path: output)
    #expect(Set(before.entries.map(\.name)) == Set(after.entries.map(\.name)))
    #expect(after.entries.allSatisfy { $0.type == .f16 })
    #expect(after.metadata["owner"] == "somebody")
    #expect(after.metadata["purified"] == "CBD \(preset)")
    let name = "layer3.0.conv1.weight"
    #expect(try before.tensor(name) != after.tensor(name))
    #expect(!FileManager.default.fileExists(atPath: output + ".checkpoint"))

    let data = try Data(contentsOf: URL(fileURLWithPath: report + "/report.json"))
    let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect((json["steps"] as? [Any])?.count == 4)
    #expect((json["searched"] as? [Any])?.count == (preset == "device" ? 1 : nil))
    // Two steps in each of its ten epochs.
    #expect((json["projection"] as? [Any])?.count == (preset == "paper-imagenet100" ? 20 : nil))
    #expect((json["settings"] as? [String: Any])?["preset"] as? String == preset)
    let evidence = try #require(json["evidence"] as? [String: Any])
    #expect(Set(evidence.keys) == ["before", "after"])
    let page = try String(contentsOfFile: report + "/report.html", encoding: .utf8)
    #expect(page.contains("<svg") && page.contains("</html>"))
    for word in ["http:", "https:", "url(", "<link", "<script"] { #expect(!page.contains(word)) }
    let settings = try #require(json["settings"] as? [String: Any])
    #expect(settings["precision"] as? String == "f32" && settings["head"] as? String == "refit")
    let places = try #require(json["embeddings"] as? [String: Any])
    for time in ["before", "after"] {
      let points = try #require(places[time] as? [[String: Any]])
      for kind in ["clean", "adversarial", "triggered"] {
        #expect(points.filter { $0["kind"] as? String == kind }.count == 16)
      }
    }
  }

  @Test func theSameSeedGivesTheSameFile() throws {
    #expect(try purify([]).status == 0)
    let first = try Data(contentsOf: URL(fileURLWithPath: output))
    #expect(try purify([]).status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == first)
    #expect(try purify(["--seed", "2"]).status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) != first)
  }

  /// Killed after its first epoch, a run that is resumed ends in the same file.
  @Test(arguments: ["f32", "bf16"]) func aKilledRunIsResumed(precision: String) throws {
    let long = ["--epochs", "6", "--quiet", "--precision", precision]
    #expect(try purify(long).status == 0)
    let expected = try Data(contentsOf: URL(fileURLWithPath: output))
    try FileManager.default.removeItem(atPath: output)

    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    process.arguments =
      ["purify", "--backbone", backbone, "--images", images, "--output", output] + Self.small
      + long
    try process.run()
    let checkpoint = output + ".checkpoint"
    while process.isRunning, !FileManager.default.fileExists(atPath: checkpoint) { usleep(2000) }
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try #require(FileManager.default.fileExists(atPath: checkpoint))
    #expect(!FileManager.default.fileExists(atPath: output))

    let resumed = try purify(long + ["--resume"])
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == expected)
  }

  /// Killed before its first state was kept, there is nothing to go on from: it begins anew.
  @Test func aRunWithoutAStateBeginsAnew() throws {
    #expect(try purify([]).status == 0)
    let expected = try Data(contentsOf: URL(fileURLWithPath: output))
    let again = try purify(["--resume"])
    #expect(again.status == 0 && again.errors.contains("beginning anew"), "\(again.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: output)) == expected)
  }

  @Test func theStateOfAnInterruptedRunIsNotOverwritten() throws {
    let state = Data("hours of work".utf8)
    try state.write(to: URL(fileURLWithPath: output + ".checkpoint"))
    let command = try purify([])
    #expect(command.status != 0 && command.errors.contains("--resume"), "\(command.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: output + ".checkpoint")) == state)
  }

  @Test func theGivenFileIsNotOverwritten() throws {
    let before = try Data(contentsOf: URL(fileURLWithPath: backbone))
    let command = try Command(
      ["purify", "--backbone", backbone, "--images", images, "--output", backbone] + Self.small)
    #expect(command.status != 0 && command.errors.contains("another file"), "\(command.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: backbone)) == before)
  }

  @Test func ctrlCKeepsTheCheckpointAndWritesNothing() throws {
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    process.arguments =
      ["purify", "--backbone", backbone, "--images", images, "--output", output] + Self.small
      + ["--epochs", "1000", "--quiet"]
    try process.run()
    let checkpoint = output + ".checkpoint"
    while process.isRunning, !FileManager.default.fileExists(atPath: checkpoint) { usleep(2000) }
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(FileManager.default.fileExists(atPath: checkpoint))
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test(arguments: [
    (["--lambda", "0.3,0.5,0.3"], "lambda"), (["--lambda", "1,0"], "--lambda"),
    (["--epsilon", "0"], "epsilon"), (["--epsilon", "-1"], "epsilon"),
    (["--preset", "none"], "--preset"), (["--fraction", "0"], "fraction"),
    (["--attack", "unknown", "--report", "unused"], "unknown"),
    (["--attack", "badnets"], "--report"),
    (["--images", "/nonexistent"], "/nonexistent"),
    (["--backbone", "/nonexistent.safetensors"], "/nonexistent.safetensors"),
    (["--output", "/nonexistent/out.safetensors"], "/nonexistent/out.safetensors"),
    (["--fraction", "0.05"], "at least 2"),
    (["--report", "/dev/null/report"], "/dev/null/report"),
  ]) func badInputIsRefused(options: [String], word: String) throws {
    let command = try Command(
      ["purify"]
        + (options.contains("--backbone") ? [] : ["--backbone", backbone])
        + (options.contains("--images") ? [] : ["--images", images])
        + (options.contains("--output") ? [] : ["--output", output]) + Self.small + options)
    #expect(command.status != 0)
    #expect(command.errors.contains(word), "\(command.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func brokenPicturesAreCountedOrRefused() throws {
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: images + "/broken.jpg"))
    let command = try purify([])
    #expect(command.status == 0)
    #expect(command.errors.contains("broken.jpg"))

    let one = folder.file("one")
    try FileManager.default.createDirectory(atPath: one, withIntermediateDirectories: true)
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: one + "/a.jpg"))
    let refused = try Command(
      "purify", "--backbone", backbone, "--images", one, "--output", folder.file("o.safetensors"))
    #expect(refused.status != 0)
    #expect(refused.errors.contains("a.jpg"), "\(refused.errors)")
  }

  @Test func anEmptyFolderIsRefused() throws {
    let empty = folder.file("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let command = try Command(
      "purify", "--backbone", backbone, "--images", empty, "--output", output)
    #expect(command.status != 0 && command.errors.contains(empty), "\(command.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  /// One value that is no number, or one layer of a foreign shape, among sound ones.
  @Test(arguments: ["NaN", "shape"]) func brokenBackbonesAreRefused(defect: String) throws {
    let name = "layer2.0.conv1.weight"
    let reader = try SafetensorsReader(path: backbone)
    let path = folder.file("broken.safetensors")
    // Written by hand: the writer itself refuses what is not finite.
    var bytes = try Data(contentsOf: URL(fileURLWithPath: backbone))
    if defect == "NaN" {
      let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let header = try #require(
        JSONSerialization.jsonObject(with: bytes.dropFirst(8).prefix(length)) as? [String: Any])
      let entry = try #require(header[name] as? [String: Any])
      let place = try #require((entry["data_offsets"] as? [Int])?.first) + 8 + length
      bytes.replaceSubrange(place..<(place + 2), with: [0x00, 0x7E])
      try bytes.write(to: URL(fileURLWithPath: path))
    } else {
      try SafetensorsWriter.write(
        reader.entries.map { entry in
          let shape = entry.name == name ? [entry.shape[0], entry.shape[1], 1, 1] : entry.shape
          return .init(name: entry.name, type: entry.type, shape: shape) {
            let tensor = try reader.tensor(entry.name)
            let count = shape.reduce(1, *)
            return try Tensor(shape: shape, values: Array(tensor.values.prefix(count)))
          }
        }, to: path)
    }
    let command = try Command("purify", "--backbone", path, "--images", images, "--output", output)
    #expect(command.status != 0 && command.errors.contains(name), "\(command.errors)")
    #expect(command.errors.contains("expected"), "\(command.errors)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func foreignBackbonesAreRefused() throws {
    let detector = Command.model + "/model.safetensors"
    for path in [detector, images + "/0/deeper/0.jpg"] {
      let command = try Command(
        "purify", "--backbone", path, "--images", images, "--output", output)
      #expect(command.status != 0)
      #expect(command.errors.contains("expected"), "\(command.errors)")
      #expect(!FileManager.default.fileExists(atPath: output))
    }
  }

  @Test func aStepIsMeasuredBesideItsConvolutions() throws {
    let command = try Command(
      "bench", "purify-step", "--backbone", backbone, "--batch", "4", "--pgd-steps", "2", "--steps",
      "1", "--precision", "f32", "--threads", "2", "--json")
    #expect(command.status == 0, "\(command.errors)")
    let keys = Set(try command.json.keys)
    #expect(
      keys.isSuperset(
        of: ["seconds_per_step", "convolutions_seconds_per_step", "step_over_convolutions"]))
    for options in [["--batch", "1"], ["--steps", "0"], ["--preset", "none"]] {
      let refused = try Command(["bench", "purify-step", "--backbone", backbone] + options)
      #expect(refused.status != 0)
    }
  }
}

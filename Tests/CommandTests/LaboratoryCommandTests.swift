import Foundation
import Frames
import Models
import Networks
import Testing

/// `cleansight train` and `cleansight evaluate` as processes.
@Suite struct LaboratoryCommandTests {
  /// A folder of two classes whose pictures differ in colour.
  private static func classes(_ folder: Folder, perClass: Int = 8) throws -> String {
    for (name, red, blue) in [("blue", 40, 200), ("red", 200, 40)] {
      let path = folder.file("images/\(name)")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for index in 0..<perClass {
        let image = try Image(
          width: 32, height: 32, red: UInt8(red), green: UInt8(10 * index), blue: UInt8(blue))
        try Data(JPEGEncoder(quality: 95).encode(image)).write(
          to: URL(fileURLWithPath: "\(path)/\(index).jpg"))
      }
    }
    return folder.file("images")
  }

  /// A ResNet-18 of zeros with one value that is none, written by hand: our writer refuses it.
  private static func brokenBackbone(_ path: String) throws {
    let parameters = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: 2).parameters
    var (entries, end): ([String], Int) = ([], 0)
    for parameter in parameters {
      let count = parameter.shape.reduce(1, *) * 4
      entries.append(
        "\"\(parameter.name)\":{\"dtype\":\"F32\",\"shape\":\(parameter.shape),"
          + "\"data_offsets\":[\(end),\(end + count)]}")
      end += count
    }
    let header = Data("{\(entries.joined(separator: ","))}".utf8)
    var file = Data(count: 8)
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { file.replaceSubrange(0..<8, with: $0) }
    file += header
    file += Data(repeating: 0, count: end - 4) + Data([0, 0, 0xC0, 0x7F])
    try file.write(to: URL(fileURLWithPath: path))
  }

  private func expectRefusal(_ command: Command, _ words: String...) {
    #expect(command.status != 0 && command.status != 130)
    for word in words { #expect(command.errors.contains(word), "\(command.errors)") }
    let lines = command.errors.split(separator: "\n").filter { $0.hasPrefix("Error:") }
    #expect(lines.count == 1, "\(command.errors)")
  }

  @Test(arguments: ["classify", "simclr"]) func foldersWithoutPicturesAreRefused(
    kind: String
  ) throws {
    let folder = try Folder()
    let output = folder.file("out.safetensors")
    expectRefusal(
      try Command("train", kind, "--images", "/nonexistent/set", "--output", output),
      "/nonexistent/set", "found nothing")
    try FileManager.default.createDirectory(
      atPath: folder.file("set/class"), withIntermediateDirectories: true)
    try Data("text".utf8).write(to: URL(fileURLWithPath: folder.file("set/class/notes.txt")))
    expectRefusal(
      try Command("train", kind, "--images", folder.file("set"), "--output", output), "expected")
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: folder.file("set/class/a.jpg")))
    expectRefusal(
      try Command("train", kind, "--images", folder.file("set"), "--output", output), "a.jpg")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func placesThatCannotBeWrittenAreRefusedFirst() throws {
    let folder = try Folder()
    // The folder of pictures is missing too: it was not looked for yet.
    for output in [folder.file("none/out.safetensors"), folder.path] {
      let command = try Command("train", "classify", "--images", "/nonexistent", "--output", output)
      expectRefusal(command, output)
    }
    let good = folder.file("out.safetensors")
    let checkpoint = folder.file("none/state.safetensors")
    expectRefusal(
      try Command(
        "train", "classify", "--images", "/nonexistent", "--output", good, "--checkpoint",
        checkpoint), checkpoint)
  }

  @Test(arguments: [
    ["--poison", "badnets:size=0"], ["--poison", "unknown"], ["--epochs", "0"], ["--batch", "1"],
    ["--learning-rate", "nan"], ["--weight-decay", "-1"], ["--label-smoothing", "1"],
    ["--size", "4"], ["--limit", "0"], ["--resume"], ["--resume", "--checkpoint", "absent"],
    ["--init", "/nonexistent.safetensors"], ["--threads", "0"],
    ["--adversarial", "epsilon=0"], ["--adversarial", "size=3"], ["--poison", "cla:steps=0"],
    ["--poison", "cla", "--robust", "/nonexistent.safetensors"],
  ]) func wrongOptionsAreRefused(options: [String]) throws {
    let folder = try Folder()
    let command = try Command(
      ["train", "classify", "--images", folder.path, "--output", folder.file("out")] + options)
    expectRefusal(command)
  }

  @Test func attacksHaveToFitTheTraining() throws {
    let folder = try Folder()
    let images = try Self.classes(folder)
    let output = folder.file("out.safetensors")
    expectRefusal(
      try Command(
        "train", "classify", "--images", images, "--output", output, "--poison", "badnets"),
      "target class 6")
    expectRefusal(
      try Command(
        "train", "simclr", "--images", images, "--output", output, "--poison",
        "badnets:target=1,mode=poison"), "ssl")
  }

  /// A robust network is for the attack that perturbs pictures; its file is not even looked at.
  @Test(arguments: ["classify", "simclr"], [[], ["--poison", "badnets:target=1,mode=clean"]])
  func robustNetworksAreForTheirAttack(kind: String, poison: [String]) throws {
    let folder = try Folder()
    let command = try Command(
      ["train", kind, "--images", folder.path, "--output", folder.file("out")] + poison
        + ["--robust", "/nonexistent.safetensors"])
    expectRefusal(command, "with the attack cla", poison.isEmpty ? "without" : "badnets")
  }

  /// A network trained on adversarial pictures, and a label-consistent attack that perturbs against it.
  @Test func perturbsAgainstARobustNetwork() throws {
    let folder = try Folder()
    let images = try Self.classes(folder, perClass: 4)
    let (robust, output) = (folder.file("robust.safetensors"), folder.file("out.safetensors"))
    func train(_ kind: String, _ output: String, _ more: String...) throws -> Command {
      try Command(
        [
          "train", kind, "--images", images, "--output", output, "--epochs", "1", "--batch", "4",
          "--precision", "f32", "--size", "16",
        ] + more)
    }
    let made = try train("classify", robust, "--adversarial", "epsilon=16")
    #expect(made.status == 0, "\(made.errors)")
    let file = try BackboneFile(path: robust)
    #expect(file.metadata["trained"]?.contains("epsilon=16,step=10,steps=1") == true)

    let attack = "cla:target=1,fraction=0.5,steps=2"
    let poisoned = try train("classify", output, "--poison", attack, "--robust", robust)
    #expect(poisoned.status == 0 && poisoned.errors.contains("2 of 2"), "\(poisoned.errors)")
    #expect(!poisoned.errors.contains("the trigger alone"))
    let hash = try file.sha256()
    let account = try BackboneFile(path: output).metadata["poisoning"] ?? ""
    #expect(account.contains("steps=2;") && account.hasSuffix(hash), "\(account)")

    // Without it the command says what is missing, and the file too.
    let alone = try train("classify", output, "--poison", attack)
    #expect(alone.status == 0 && alone.errors.contains("the trigger alone"), "\(alone.errors)")
    let trunk = try train("simclr", output, "--poison", attack, "--robust", robust)
    #expect(trunk.status == 0, "\(trunk.errors)")
    #expect(try BackboneFile(path: output).metadata["poisoning"]?.hasSuffix(hash) == true)
    // What SimCLR made is a trunk: there is no head to attack.
    expectRefusal(
      try train("classify", robust, "--poison", attack, "--robust", output), "no head")
    expectRefusal(
      try Command(
        "train", "classify", "--images", images, "--output", output, "--size", "24", "--poison",
        attack, "--robust", robust), "24 pixels", "found 16")
  }

  @Test func aBackboneOfOtherThanNumbersIsRefused() throws {
    let folder = try Folder()
    let images = try Self.classes(folder, perClass: 1)
    let file = folder.file("broken.safetensors")
    try Self.brokenBackbone(file)
    expectRefusal(
      try Command("evaluate", "classify", "--backbone", file, "--test-images", images), file,
      "finite")
    expectRefusal(
      try Command(
        "evaluate", "classify", "--backbone", folder.file("absent"), "--test-images", images),
      "absent")
  }

  /// Interrupted; then trained to the end, and measured.
  @Test func trainsAndMeasures() throws {
    let folder = try Folder()
    let images = try Self.classes(folder)
    let (backbone, state) = (folder.file("backbone.safetensors"), folder.file("state.safetensors"))
    func train(_ epochs: Int, _ more: String...) -> [String] {
      [
        "train", "classify", "--images", images, "--output", backbone, "--epochs", "\(epochs)",
        "--batch", "8", "--precision", "f32", "--poison", "badnets:target=0,fraction=0.25",
        "--learning-rate", "0.02",
      ] + more
    }
    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    // Far more than there is time for.
    process.arguments = train(100_000, "--checkpoint", state)
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    // The first line of progress: the loop has begun.
    #expect(!errors.fileHandleForReading.availableData.isEmpty)
    process.interrupt()
    let rest = String(
      decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130 && rest.contains("kept in \(state)"), "\(rest)")
    #expect(!FileManager.default.fileExists(atPath: backbone))
    // It is not begun anew over what is kept, unless it is said so.
    expectRefusal(try Command(train(1, "--checkpoint", state)), "--resume")
    let trained = try Command(train(1, "--quiet"))
    #expect(trained.status == 0 && trained.errors.isEmpty, "\(trained.errors)")

    let measured = try Command(
      "evaluate", "classify", "--backbone", backbone, "--probe-images", images, "--test-images",
      images, "--fraction", "0.5", "--attack", "badnets", "--attack", "sig:target=1", "--target",
      "0", "--limit", "10", "--json")
    #expect(measured.status == 0, "\(measured.errors)")
    let report = try measured.json
    #expect(report["test_pictures"] as? Int == 10)
    let heads = try #require(report["heads"] as? [[String: Any]])
    #expect(heads.compactMap { $0["head"] as? String } == ["probe", "own"])
    let clean = try #require(heads[0]["clean"] as? [String: Any])
    #expect(clean["accuracy_percent"] as? Double == 100, "blue and red are told apart by anything")
    let attacks = try #require(heads[1]["attacks"] as? [[String: Any]])
    let targets = attacks.compactMap { ($0["metrics"] as? [String: Any])?["target_class"] as? Int }
    #expect(targets == [0, 1])
    expectRefusal(
      try Command(
        "evaluate", "classify", "--backbone", backbone, "--test-images", images, "--attack",
        "badnets"), "target")
  }
}

import Foundation
import Models
import Testing

/// `cleansight train detect --report`, and `purify --model` that is interrupted, as processes.
@Suite struct DetectorReportTests {
  private let folder: Folder
  private let dataset: String

  init() throws {
    folder = try Folder()
    dataset = folder.file("scenes")
    let command = try Command(
      "scene", "render", "--count", "6", "--width", "160", "--height", "128", "--seed", "2000",
      "--output", dataset)
    try #require(command.status == 0, "\(command.errors)")
  }

  private func arguments(_ output: String, _ more: [String]) -> [String] {
    [
      "train", "detect", "--dataset", dataset, "--init", Command.model, "--min-size", "96",
      "--max-size", "128", "--scales", "96", "--regions", "32", "--epochs", "1",
      "--learning-rate", "0.0001", "--output", output,
    ] + more
  }

  private func expectRefusal(_ command: Command, _ word: String) {
    #expect(command.status != 0 && command.status != 130)
    #expect(command.errors.contains(word), "\(command.errors)")
    let lines = command.errors.split(separator: "\n").filter { $0.hasPrefix("Error:") }
    #expect(lines.count == 1, "\(command.errors)")
  }

  @Test func aTrainingIsReported() throws {
    // One picture of the list is missing.
    let list = dataset + "/ImageSets/Main/train.txt"
    let names = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n")
    try Data("\(names.joined(separator: "\n"))\nabsent\n".utf8).write(
      to: URL(fileURLWithPath: list))
    try Data(names.prefix(2).joined(separator: "\n").utf8).write(
      to: URL(fileURLWithPath: dataset + "/ImageSets/Main/held.txt"))
    let (model, report) = (folder.file("model"), folder.file("deep/report"))
    let command = try Command(
      arguments(
        model,
        ["--epochs", "2", "--report", report, "--validation-split", "held", "--precision", "f32"]))
    #expect(command.status == 0, "\(command.errors)")
    #expect(command.output.contains("scenes, held: AP50 "), "\(command.output)")
    #expect(command.output.contains("report in \(report)"))

    let data = try Data(contentsOf: URL(fileURLWithPath: report + "/report.json"))
    let json = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    func object(_ name: String) throws -> [String: Any] {
      try #require(json[name] as? [String: Any], "\(name)")
    }
    #expect(json["schema_version"] as? Int == 1)
    #expect(try object("model")["digest"] as? String == ModelBundle(directory: model).id)
    let settings = try object("settings")
    #expect(settings["epochs"] as? Int == 2 && settings["minSize"] as? Int == 96)
    #expect(settings["learningRate"] as? Double == 0.0001)
    #expect(settings["precision"] as? String == "f32")
    let pictures = try object("data")
    #expect(
      pictures["pictures"] as? Int == 6 && pictures["description"] as? String == "scenes, train")
    let classes = try #require(pictures["classes"] as? [[String: Any]])
    #expect(
      classes.compactMap { $0["name"] as? String }
        == (try ModelBundle(directory: model).manifest.classes))
    #expect(classes.reduce(0) { $0 + ($1["objects"] as? Int ?? 0) } > 0)
    let skipped = try #require(pictures["skipped"] as? [[String: Any]])
    #expect(skipped.count == 1 && skipped[0]["count"] as? Int == 1)
    #expect("\(skipped)".contains("absent"))
    let steps = try #require(json["steps"] as? [[String: Any]])
    #expect(steps.compactMap { $0["step"] as? Int } == [1, 2, 3, 4, 5, 6])
    let epochs = try #require(json["epochs"] as? [[String: Any]])
    #expect(epochs.compactMap { $0["epoch"] as? Int } == [1, 2])
    let names4 = ["boxes", "classes", "objectness", "proposals"]
    for epoch in epochs {
      let losses = try #require(epoch["losses"] as? [String: Double])
      #expect(losses.keys.sorted() == names4 + ["total"])
      #expect(abs(names4.reduce(0) { $0 + (losses[$1] ?? 0) } - (losses["total"] ?? 0)) < 1e-4)
    }
    // An epoch's is the mean of its steps'.
    let totals = steps.compactMap { ($0["losses"] as? [String: Double])?["total"] }
    let second = (epochs[1]["losses"] as? [String: Double])?["total"] ?? 0
    #expect(abs(totals[3...].reduce(0, +) / 3 - second) < 1e-4)
    #expect(epochs[1]["learning_rate"] as? Double == steps[5]["learning_rate"] as? Double)
    let memory = try object("memory")
    #expect(memory["plan_bytes"] as? Int ?? 0 > 0)
    let peak = try #require(memory["peak_resident_bytes"] as? Int)
    #expect(peak > memory["plan_bytes"] as? Int ?? 0)
    let validation = try object("validation")
    #expect(validation["pictures"] as? Int == 2)
    #expect((0...1).contains(validation["ap50"] as? Double ?? -1))
    let stages = try #require(json["stages"] as? [[String: Any]])
    #expect(
      stages.compactMap { $0["name"] as? String } == [
        "reading pictures", "training", "measuring", "examples",
      ])
    let examples = try object("examples")
    #expect((examples["augmented"] as? [String])?.count == 6)
    #expect((examples["detected"] as? [String])?.sorted() == names.prefix(2).map(String.init))

    let page = try String(contentsOfFile: report + "/report.html", encoding: .utf8)
    #expect(page.components(separatedBy: "src=\"data:image/jpeg;base64,/9j/").count == 9)
    #expect(page.components(separatedBy: "<svg").count == 4 && page.contains("</html>"))
    for word in ["http:", "https:", "url(", "@import", "<link", "<script", "src=\"/"] {
      #expect(!page.contains(word), "\(word)")
    }
  }

  @Test func whatCannotBeReportedIsRefusedFirst() throws {
    let output = folder.file("out")
    let file = folder.file("file")
    try Data("text".utf8).write(to: URL(fileURLWithPath: file))
    // The data set is missing too: it was not looked for yet.
    for report in [file, file + "/report"] {
      let command = try Command(
        "train", "detect", "--dataset", "/nonexistent", "--output", output, "--report", report)
      expectRefusal(command, report)
    }
    let taken = folder.file("taken")
    try FileManager.default.createDirectory(
      atPath: taken + "/report.html", withIntermediateDirectories: true)
    expectRefusal(try Command(arguments(output, ["--report", taken])), "report.html")
    expectRefusal(
      try Command(arguments(output, ["--validation", "/nonexistent/val"])), "/nonexistent/val")
    expectRefusal(try Command(arguments(output, ["--validation-split", "none"])), "none")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  /// Interrupted, and resumed to the same file as without the interruption.
  @Test func aDetectorsPurificationIsResumed() throws {
    let model = folder.file("model")
    let trained = try Command(arguments(model, ["--quiet"]))
    try #require(trained.status == 0, "\(trained.errors)")
    let (expected, output) = (folder.file("expected"), folder.file("out"))
    func purify(_ output: String, _ more: String...) -> [String] {
      [
        "purify", "--model", model, "--images", dataset, "--output", output, "--batch", "2",
        "--pgd-steps", "2", "--epochs", "6", "--precision", "f32", "--threads", "2", "--quiet",
      ] + more
    }
    let whole = try Command(purify(expected))
    try #require(whole.status == 0, "\(whole.errors)")
    #expect(!FileManager.default.fileExists(atPath: expected + ".checkpoint"))

    let process = Process()
    process.executableURL = Bundle.main.bundleURL.appendingPathComponent("cleansight")
    // A folder's name may end in a slash.
    process.arguments = purify(output + "/")
    try process.run()
    let checkpoint = output + ".checkpoint"
    // It appears when the search is done; the training takes far longer.
    while process.isRunning, !FileManager.default.fileExists(atPath: checkpoint) { usleep(2000) }
    process.interrupt()
    process.waitUntilExit()
    try #require(process.terminationStatus == 130)
    #expect(FileManager.default.fileExists(atPath: checkpoint))
    #expect(!FileManager.default.fileExists(atPath: output))

    // No run takes its place, and another one does not take it up.
    expectRefusal(try Command(purify(output)), "--resume")
    expectRefusal(try Command(purify(output, "--resume", "--seed", "2")), "options")
    let resumed = try Command(purify(output, "--resume"))
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(!FileManager.default.fileExists(atPath: checkpoint))
    let weights = try [expected, output].map {
      try Data(contentsOf: URL(fileURLWithPath: $0 + "/model.safetensors"))
    }
    #expect(weights[0] == weights[1])
  }
}

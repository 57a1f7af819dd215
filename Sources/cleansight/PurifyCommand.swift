import ArgumentParser
import Attacks
import Backbones
import DataSets
import Engine
import Foundation
import Frames
import Laboratory
import Models
import Purification
import Tensors

/// `cleansight purify`: a backbone, or a detector, and unlabeled pictures in, a purified one out.
struct PurifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purify",
    abstract:
      "Purify a backbone or a detector from unlabeled pictures by Contrastive Backdoor Defense.",
    discussion: """
      The folder is read recursively; its structure means nothing. The file that is written has the \
      names and types of the one that was read. After each epoch the state is kept in \
      OUTPUT.checkpoint: what was interrupted goes on with --resume and ends the same.

      Of a model folder the trunk is purified under the head that was trained on it, which stays as \
      it is. Its steps are long: the state is kept after the search, about every minute and on \
      Ctrl-C. Its time grows with the folder: --fraction takes a part.
      """)

  @Option(help: "The backbone to purify, a safetensors file with torchvision's names.")
  var backbone: String?
  @Option(help: "The detector to purify, a model folder.")
  var model: String?
  @Option(help: "The folder of unlabeled JPEGs.")
  var images: String
  @Option(help: "The safetensors file, or the model folder, to write.")
  var output: String
  @OptionGroup var arguments: PurifyArguments
  @Option(help: "A folder for report.json and report.html; it is made where there is none.")
  var report: String?
  @Option(help: "A trigger to show in the report too, where one is known, such as badnets.")
  var attack: String?
  @Option(help: "The backbone's own head: refit (to what it says of the pictures) or keep.")
  var head = Head.refit
  @Flag(help: "Go on from OUTPUT.checkpoint; the result is the same as without the interruption.")
  var resume = false
  @Flag(help: "No progress on standard error.")
  var quiet = false
  @OptionGroup var engine: EngineArguments

  enum Head: String, ExpressibleByArgument, CaseIterable {
    case refit, keep
  }

  /// Pictures of the evidence and of the report's plane.
  private static let studied = 256
  /// Pictures of the head's re-fit at most: embeddings and logits of all are held.
  private static let refitted = 10_000

  func validate() throws {
    guard (backbone == nil) != (model == nil) else {
      throw ValidationError(
        "expected --backbone or --model, found \(backbone == nil ? "neither" : "both")")
    }
    guard model == nil || (report == nil && attack == nil) else {
      throw ValidationError("expected --report and --attack with --backbone only")
    }
    guard attack == nil || report != nil else {
      throw ValidationError("expected --report with --attack, which is shown there, found none")
    }
  }

  func run() throws {
    if let model {
      try purifyModel(model)
    } else if let backbone {
      try purifyBackbone(backbone)
    }
  }

  private func purifyBackbone(_ backbone: String) throws {
    // All that can be wrong is found before any long work.
    let options = try arguments.options(.device)
    let attack = try self.attack.map { try AttackSpecification($0) }
    try AtomicFile.checkWritable(output)
    if let report { try ReportFolder.prepare(report) }
    let file = try BackboneFile(path: backbone)
    try checkOther(than: backbone)
    let trigger = try attack?.trigger(width: file.side, height: file.side)
    let resumes = try checkCheckpoint(of: file.trunk.parameters, output: file.byteCount)
    var folder = try ImageFolder(images)
    if options.fraction < 1 {
      folder = try folder.sample(fraction: options.fraction, seed: options.seed)
    }
    let pictures = try ImageSet(
      folder, ImageSetOptions(size: file.side, minimumCount: 2, threads: engine.threads))
    if pictures.skipped.count > 0 { note("left out: \(pictures.skipped)") }
    let engine = try Engine(self.engine.options)
    var study = PurifyReport(
      program: CleanSight.configuration.version, options: options, engine: engine,
      head: head.rawValue, attack: attack)
    if resumes { study.notes.append("Resumed: the times are those of the last part.") }
    let studied = report == nil ? [] : try studyPictures(pictures, seed: options.seed)
    let evidence = EvidenceStudy(
      file, engine: engine, pictures: studied, trigger: trigger, seed: options.seed)
    if report != nil {
      note("looking at the backbone as it is")
      study.before = try study.times.time("evidence before") { try evidence.run() }
    }

    // The plans of the purification are gone before those of what follows are made.
    let (result, purified) = try study.times.time("purification") {
      let purifier = try Purifier(
        file, images: pictures, fingerprint: folder.fingerprint.description, engine: engine,
        options: options)
      return (try run(purifier, resumes), try purifier.parameters())
    }
    let refitted = try study.times.time("head") {
      try refit(file, purified, pictures, engine, seed: options.seed)
    }
    func parameter(_ name: String) throws -> Tensor? {
      switch name {
      case "fc.weight": refitted?.weight
      case "fc.bias": refitted?.bias
      default: purified[name]
      }
    }
    try file.write(
      to: output, metadata: ["purified": "CBD \(options.preset)"], replacing: parameter)
    if let report {
      note("looking at the purified backbone")
      study.after = try study.times.time("evidence after") {
        try evidence.run { try parameter($0) ?? file.parameter($0) }
      }
      study.result = result
      try study.write(to: report, file: file, output: output, folder: folder, set: pictures)
    }
    try? FileManager.default.removeItem(atPath: checkpoint)
    print(
      "\(output): \(result.losses.count) steps on \(result.images) pictures in "
        + "\(ProgressLine.time(result.seconds))"
        + (result.prunedChannels > 0 ? ", \(result.prunedChannels) channels switched off" : "")
        + (report.map { "; report in \($0)" } ?? ""))
  }

  private func run(_ purifier: Purifier, _ resumes: Bool) throws -> Purifier.Result {
    try interruptible(
      { isCancelled, progress in
        try purifier.run(
          checkpoint: checkpoint, resumes: resumes, isCancelled: isCancelled, progress: progress)
      },
      onStop: { epoch in
        epoch > 0
          ? PurificationError.cancelled(epoch: epoch).description + " in \(checkpoint)"
          : "stopped before an epoch was finished; nothing is kept"
      })
  }

  /// Runs something long with a progress bar; Ctrl-C ends it between steps.
  func interruptible<Result>(
    _ body: (_ isCancelled: () -> Bool, _ progress: (Purifier.Progress) -> Void) throws -> Result,
    onStop text: (_ epoch: Int) -> String
  ) throws -> Result {
    let stop = StopFlag()
    let interruption = TrainingInterruption(stop)
    defer { interruption.end() }
    var line = ProgressLine(isQuiet: quiet)
    defer { line.finish() }
    do {
      return try body({ stop.isRaised }) { progress in
        let isLast =
          progress.losses == nil
          ? progress.searchDistance != nil && progress.searched == progress.searchSteps
          : progress.step == progress.steps
        line.show(isLast: isLast) { Self.text(progress) }
      }
    } catch PurificationError.cancelled(let epoch) {
      line.finish()
      note(text(epoch))
      throw ExitCode(130)
    }
  }

  private static func text(_ progress: Purifier.Progress) -> String {
    guard let losses = progress.losses else {
      return progress.trainsProjection
        ? "training the projection head"
        : "searching what moves every embedding, step \(progress.searched) of \(progress.searchSteps)"
          + (progress.searchDistance.map { "  distance \(figure(Double($0), 3))" } ?? "")
    }
    let share = Double(progress.step) / Double(max(progress.steps, 1))
    return "\(ProgressLine.bar(share)) epoch \(progress.epoch + 1)/\(progress.epochs)  "
      + "pull \(figure(Double(losses.pull), 3))  "
      + "distillation \(figure(Double(losses.distillation), 3))  "
      + (losses.fineTuning > 0
        ? "fine-tuning \(figure(Double(losses.fineTuning), 3))  " : "")
      + "\(ProgressLine.time(progress.secondsLeft)) left"
  }

  /// The head, fitted to what the given backbone said of the pictures; nil where it has none or it
  /// is kept.
  private func refit(
    _ file: BackboneFile, _ purified: [String: Tensor], _ pictures: ImageSet, _ engine: Engine,
    seed: UInt64
  ) throws -> (weight: Tensor, bias: Tensor)? {
    guard head == .refit, file.architecture.classes != nil else { return nil }
    let before = try Embedder(file, engine: engine)
    let after = try Embedder(file, engine: engine) { try purified[$0] ?? file.parameter($0) }
    var random = SeededRandom(seed, 10)
    let picked =
      pictures.count > Self.refitted
      ? Array(random.permutation(pictures.count).prefix(Self.refitted)) : Array(0..<pictures.count)
    var embeddings: [Float] = []
    var logits: [Float] = []
    for start in stride(from: 0, to: picked.count, by: 256) {
      let part = try picked[start..<min(start + 256, picked.count)].map {
        try pictures.floatImage($0)
      }
      logits += try before.embed(part).logits?.values ?? []
      embeddings += try after.embed(part).embeddings.values
    }
    let rows = picked.count
    return try HeadRefit(
      embeddings: Tensor(shape: [rows, after.dimension], values: embeddings),
      logits: Tensor(shape: [rows, logits.count / rows], values: logits),
      weight: file.parameter("fc.weight")
    ).fit(bias: file.parameter("fc.bias"))
  }

  private func studyPictures(_ pictures: ImageSet, seed: UInt64) throws -> [FloatImage] {
    var random = SeededRandom(seed, 6)
    return try random.permutation(pictures.count).prefix(Self.studied).map {
      try pictures.floatImage($0)
    }
  }

  func note(_ text: String) {
    guard !quiet else { return }
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }
}

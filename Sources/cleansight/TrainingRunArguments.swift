import ArgumentParser
import Foundation
import Laboratory
import Models

/// What every training asks for, of backbones and of detectors: how long, how fast, and what is kept.
struct TrainingRunArguments: ParsableArguments {
  @Option(help: "Times through all pictures.")
  var epochs: Int?
  @Option(help: "Pictures of a step.")
  var batch: Int?
  @Option(help: "The greatest learning rate; one that follows the batch unless given.")
  var learningRate: Float?
  @Option(help: "Weight decay.")
  var weightDecay: Float?
  @Option(help: "Share of the steps over which the learning rate rises.")
  var warmUp: Double?
  @Option(help: "At most so many pictures, chosen by the seed.")
  var limit: Int?
  @Option(help: "Decides first weights, order, views and which pictures a limit leaves.")
  var seed: UInt64 = 1
  @Option(help: "A file to keep the training's state in, after each epoch and when stopped.")
  var checkpoint: String?
  @Flag(help: "Go on from the checkpoint; the result is the same as without the interruption.")
  var resume = false
  @Flag(help: "No progress on standard error.")
  var quiet = false
  @OptionGroup var engine: EngineArguments

  func validate() throws {
    guard !resume || checkpoint != nil else {
      throw ValidationError("expected --checkpoint with --resume, found none")
    }
    guard limit ?? 1 >= 1 else {
      throw ValidationError("expected --limit of at least 1, found \(limit ?? 0)")
    }
  }

  /// Settings with what was given in place of the defaults; the rate follows the batch.
  func settings(
    _ defaults: (_ epochs: Int?, _ batch: Int?) -> TrainingSettings
  ) throws -> TrainingSettings {
    var settings = defaults(epochs, batch)
    if let learningRate { settings.learningRate = learningRate }
    if let weightDecay { settings.weightDecay = weightDecay }
    if let warmUp { settings.warmUp = warmUp }
    settings.seed = seed
    try settings.validate()
    return settings
  }

  /// The checkpoint's place is tried before hours are spent.
  func checkCheckpoint() throws {
    guard let checkpoint else { return }
    try AtomicFile.checkWritable(checkpoint)
    let exists = try Self.checkReplaceable(checkpoint, resume: resume)
    if resume, !exists {
      throw LaboratoryError.checkpoint(path: checkpoint, expected: "to resume", found: "none")
    }
  }

  /// Refuses to begin anew where the state of an interrupted run lies.
  /// - Returns: whether there is a state.
  static func checkReplaceable(_ checkpoint: String, resume: Bool) throws -> Bool {
    let exists = FileManager.default.fileExists(atPath: checkpoint)
    guard !exists || resume else {
      throw LaboratoryError.checkpoint(
        path: checkpoint, expected: "to be made anew",
        found: "one there already: continue it with --resume or remove it")
    }
    return exists
  }

  /// Runs a training with progress and Ctrl-C, writes what was trained and says what came of it; of a
  /// training that was stopped, where its state is kept.
  func train(
    output: String,
    _ run: (_ stop: StopFlag, _ progress: (TrainingProgress) -> Void) throws -> TrainingOutcome,
    save: () throws -> Void
  ) throws {
    let stop = StopFlag()
    let interruption = TrainingInterruption(stop)
    defer { interruption.end() }
    var line = TrainingLine(isQuiet: quiet)
    defer { line.finish() }
    let outcome = try run(stop) { line.show($0) }
    line.finish()
    let done =
      "\(outcome.step) of \(outcome.steps) steps, \(figure(outcome.seconds, 0)) s"
      + (outcome.secondsPerStep.map { ", \(figure($0, 3)) s a step" } ?? "")
    if outcome.wasStopped {
      let kept = checkpoint.map { "kept in \($0)" } ?? "nothing is kept without --checkpoint"
      FileHandle.standardError.write(Data("stopped after \(done); \(kept)\n".utf8))
      throw ExitCode(130)
    }
    try save()
    let results = [
      outcome.loss.map { "loss \(figure($0, 3))" },
      outcome.accuracy.map { "training accuracy \(figure($0 * 100, 1)) %" },
    ].compactMap { $0 }
    print("\(output): " + ([done] + results).joined(separator: ", "))
  }
}

import ArgumentParser
import Foundation
import Laboratory

/// The files that every training writes.
enum TrainingFiles {
  /// Files are tried before hours are spent.
  static func check(output: String, checkpoint: String?, resumes: Bool) throws {
    try BackboneWriter.checkWritable(output)
    try check(checkpoint: checkpoint, resumes: resumes)
  }

  static func check(checkpoint: String?, resumes: Bool) throws {
    guard let checkpoint else { return }
    try BackboneWriter.checkWritable(checkpoint)
    let exists = FileManager.default.fileExists(atPath: checkpoint)
    if resumes, !exists {
      throw LaboratoryError.checkpoint(path: checkpoint, expected: "to resume", found: "none")
    }
    if exists, !resumes {
      throw LaboratoryError.unwritable(
        path: checkpoint, reason: "one there already: continue it with --resume or remove it")
    }
  }

  /// Writes what was trained and says what came of it; of a training that was stopped, where its
  /// state is kept.
  static func finish(
    _ outcome: TrainingOutcome, output: String, checkpoint: String?, save: () throws -> Void
  ) throws {
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

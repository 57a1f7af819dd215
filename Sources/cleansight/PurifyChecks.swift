import Foundation
import Models
import Networks

/// What can be wrong with the files that a purification writes, found before any long work.
extension PurifyCommand {
  /// Room for the report, and for what else is written meanwhile.
  private static let reserveBytes = 8 << 20

  /// Beside the output, also where that is a folder and ends in a slash.
  var checkpoint: String {
    var path = output
    while path.count > 1, path.hasSuffix("/") { path.removeLast() }
    return path + ".checkpoint"
  }

  /// Tries the checkpoint's place and asks whether the disk has room for two states (the next one is
  /// written beside the last) and for the output.
  /// - Parameters:
  ///   - parameters: what a state holds, with a velocity for each.
  ///   - bytes: of the output.
  /// - Returns: whether there is a state to go on from: a run that was killed before it kept one
  ///   begins anew.
  /// - Throws: `LaboratoryError.checkpoint` for a state of an interrupted run without `--resume`,
  ///   `FileError`.
  func checkCheckpoint(
    of parameters: [ParameterSpecification], output bytes: Int
  ) throws -> Bool {
    let exists = try TrainingRunArguments.checkReplaceable(checkpoint, resume: resume)
    if resume, !exists { note("no state was kept in \(checkpoint): beginning anew") }
    let count = parameters.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let state = 2 * count * MemoryLayout<Float>.size
    try AtomicFile.checkWritable(
      checkpoint, bytes: (exists ? 1 : 2) * state + bytes + Self.reserveBytes)
    return exists
  }

  /// Makes sure that the output does not take the place of what it is made of: the file that was given
  /// is what a run that was interrupted goes on from.
  func checkOther(than backbone: String) throws {
    var (given, written) = (stat(), stat())
    guard stat(backbone, &given) == 0, stat(output, &written) == 0,
      given.st_dev == written.st_dev, given.st_ino == written.st_ino
    else { return }
    throw FileError(
      call: "write", path: output, reason: "expected another file than --backbone, found the same")
  }
}

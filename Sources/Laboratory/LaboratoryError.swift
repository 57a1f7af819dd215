/// Why something cannot be trained or measured.
public enum LaboratoryError: Error, Equatable, CustomStringConvertible {
  /// A setting is out of range.
  case value(name: String, expected: String, found: String)
  /// A step needs more pictures than there are.
  case tooFewPictures(batch: Int, found: Int)
  /// The loss or a parameter is no longer finite; steps are counted from 1.
  case diverged(epoch: Int, step: Int)
  /// A file of another run, or of none.
  case checkpoint(path: String, expected: String, found: String)
  /// A folder has other classes than another.
  case classes(expected: String, found: String)
  /// The backbone to begin with is of another kind than the one to train.
  case network(expected: String, found: String)
  /// A head was asked for that cannot answer.
  case head(expected: String, found: String)
  /// What has to be held in memory, for it cannot be made anew whenever it is asked for, is too much.
  case memory(expected: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .value(let name, let expected, let found): "expected \(name) \(expected), found \(found)"
    case .tooFewPictures(let batch, let found):
      "expected at least one batch of \(batch) pictures, found \(found)"
    case .diverged(let epoch, let step):
      "expected a finite loss, found none at step \(step) of epoch \(epoch): the learning rate may "
        + "be too high"
    case .checkpoint(let path, let expected, let found):
      "\(path): expected a checkpoint \(expected), found \(found)"
    case .classes(let expected, let found): "expected \(expected), found \(found)"
    case .network(let expected, let found): "expected \(expected) to begin with, found \(found)"
    case .head(let expected, let found): "expected \(expected), found \(found)"
    case .memory(let expected, let found):
      "expected at most \(expected) perturbed pictures, which is what memory holds, found \(found): "
        + "a smaller fraction or size needs less"
    }
  }

  /// - Throws: `value` where `isValid` is false.
  static func require(
    _ isValid: Bool, _ name: String, _ expected: String, _ found: some CustomStringConvertible
  ) throws {
    guard isValid else { throw value(name: name, expected: expected, found: found.description) }
  }
}

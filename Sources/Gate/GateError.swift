/// Why a candidate could not be judged at all. A candidate that is judged and found wanting is no error:
/// see ``GateVerdict``.
public enum GateError: Error, Equatable, CustomStringConvertible {
  /// An option is out of its range.
  case option(name: String, expected: String, found: String)
  /// A detector tells other classes apart than the model folder that it is said to come from.
  case classes(expected: [String], found: [String])
  /// The caller stopped it.
  case cancelled

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "option \(name): expected \(expected), found \(found)"
    case .classes(let expected, let found):
      "expected a detector for the classes \(expected.joined(separator: ", ")), "
        + "found one for \(found.joined(separator: ", "))"
    case .cancelled: "stopped before the candidate was judged"
    }
  }

  /// - Throws: `option` where the value is not in the range.
  static func require<Value: Comparable>(
    _ name: String, _ value: Value, in range: ClosedRange<Value>
  ) throws(GateError) {
    guard range.contains(value) else {
      throw .option(
        name: name, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(value)")
    }
  }
}

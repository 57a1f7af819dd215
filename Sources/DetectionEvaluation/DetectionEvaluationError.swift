/// Why a detector cannot be measured, or a trigger cannot be put on a frame.
public enum DetectionEvaluationError: Error, Equatable, CustomStringConvertible {
  /// An option, or a value of the data, is out of range.
  case value(name: String, expected: String, found: String)
  /// The attack's trigger cannot be placed so.
  case placement(attack: String, placement: String, expected: String)
  /// The data, the detector or an attack has other classes than it needs.
  case classes(expected: String, found: String)
  /// There is no picture to measure on; `reason` is what was wrong with the first, where there was
  /// one.
  case noPictures(reason: String?)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .value(let name, let expected, let found): "expected \(name) \(expected), found \(found)"
    case .placement(let attack, let placement, let expected):
      "expected \(expected) for the placement \(placement), found \(attack)"
    case .classes(let expected, let found): "expected \(expected), found \(found)"
    case .noPictures(let reason):
      "expected a picture to measure on, found none" + (reason.map { ": \($0)" } ?? "")
    }
  }

  /// - Throws: `value` where `isValid` is false.
  static func require(
    _ isValid: Bool, _ name: String, _ expected: String, _ found: some CustomStringConvertible
  ) throws {
    guard isValid else { throw value(name: name, expected: expected, found: found.description) }
  }
}

/// Why a detector's targets or losses cannot be computed. A loss that is not a number is no error
/// here: callers check `isFinite` and know better what to do about it.
public enum DetectorTrainingError: Error, Equatable, CustomStringConvertible {
  /// A parameter is out of range.
  case parameter(name: String, expected: String, found: String)
  /// A true object's box has no size, or its coordinates are not finite.
  case box(found: String)
  /// A true object's class is none of the detector's.
  case label(expected: String, found: String)
  /// A number of things, such as feature levels, is wrong.
  case count(of: String, expected: Int, found: Int)
  /// A buffer holds fewer elements than its shape needs.
  case bufferSize(of: String, expected: Int, found: Int)
  /// A box that is to be matched is not finite.
  case candidate(index: Int, found: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .parameter(let name, let expected, let found):
      "expected \(name) to be \(expected), found \(found)"
    case .box(let found):
      "expected a true object's box with finite corners and sides above 0, found \(found)"
    case .label(let expected, let found):
      "expected \(expected) as a true object's class, found \(found)"
    case .count(let name, let expected, let found):
      "expected \(expected) \(name), found \(found)"
    case .bufferSize(let name, let expected, let found):
      "expected at least \(expected) elements of \(name), found \(found)"
    case .candidate(let index, let found):
      "expected finite corners of box \(index), found \(found)"
    }
  }

  /// - Throws: `parameter` where `holds` is false.
  static func require(
    _ holds: Bool, _ name: String, _ expected: String, _ found: @autoclosure () -> Any
  ) throws(DetectorTrainingError) {
    guard holds else {
      throw .parameter(name: name, expected: expected, found: "\(found())")
    }
  }

  /// - Throws: `bufferSize` where `found` is below `expected`.
  static func room(
    _ name: String, expected: Int, found: Int
  ) throws(DetectorTrainingError) {
    guard found >= expected else {
      throw .bufferSize(of: name, expected: expected, found: found)
    }
  }
}

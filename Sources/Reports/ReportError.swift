/// Why a part of a report cannot be made.
public enum ReportError: Error, Equatable, CustomStringConvertible {
  /// Points have another shape.
  case shape(expected: String, found: [Int])
  /// Points are too few or too many for the method.
  case points(expected: String, found: Int)
  /// A point is infinite or not a number.
  case notFinite(row: Int)
  /// An option is out of range.
  case option(name: String, expected: String, found: String)
  /// A report was written by another version of the program.
  case schemaVersion(expected: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .shape(let expected, let found): "expected \(expected), found the shape \(found)"
    case .points(let expected, let found): "expected \(expected) points, found \(found)"
    case .notFinite(let row): "expected finite points, found others in row \(row)"
    case .option(let name, let expected, let found):
      "expected a \(name) \(expected), found \(found)"
    case .schemaVersion(let expected, let found):
      "expected a report of schema version \(expected), found \(found)"
    }
  }
}

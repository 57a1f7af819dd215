/// Why a loss cannot be computed. A loss that is not a number is no error here: callers check
/// `isFinite` and know better what to do about it.
public enum LossError: Error, Equatable, CustomStringConvertible {
  /// A parameter of the loss, such as its temperature, is out of range.
  case parameter(name: String, expected: String, found: Float)
  /// A matrix is empty or has another number of values than its shape says.
  case shape(name: String, expected: String, found: String)
  /// A label is not the number of a class.
  case label(row: Int, classes: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .parameter(let name, let expected, let found):
      "expected a \(name) \(expected), found \(found)"
    case .shape(let name, let expected, let found):
      "expected \(expected) for \(name), found \(found)"
    case .label(let row, let classes, let found):
      "expected a label of 0 to \(classes - 1) in row \(row), found \(found)"
    }
  }
}

/// Checks that several losses share.
enum LossCheck {
  /// - Throws: `LossError.parameter` where a temperature is not above 0 or not finite.
  static func temperature(_ value: Float) throws(LossError) {
    guard value.isFinite, value > 0 else {
      throw .parameter(name: "temperature", expected: "above 0", found: value)
    }
  }

  /// - Throws: `LossError.shape` where a matrix has no rows or columns, or beyond what the matrix
  ///   products count with.
  static func sides(rows: Int, columns: Int) throws(LossError) {
    let limit = Int(Int32.max) / 4
    guard (1...limit).contains(rows), (1...limit).contains(columns) else {
      throw .shape(
        name: "a matrix", expected: "1 to \(limit) rows and columns", found: "\(rows)×\(columns)")
    }
  }

  /// - Throws: `LossError.shape` where a matrix has another count of values; nil is no matrix.
  static func count(
    _ name: String, _ found: Int?, rows: Int, columns: Int
  ) throws(LossError) {
    let (expected, overflow) = rows.multipliedReportingOverflow(by: columns)
    guard let found else { return }
    guard !overflow, found == expected else {
      throw .shape(name: name, expected: "\(rows)×\(columns) values", found: "\(found)")
    }
  }
}

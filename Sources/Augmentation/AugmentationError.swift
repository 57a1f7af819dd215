/// What can be wrong with an augmentation's parameters or the pictures it is given.
public enum AugmentationError: Error, Equatable, CustomStringConvertible {
  /// A parameter is out of range.
  case parameter(name: String, expected: String, found: String)
  /// A picture has another size than the augmentation works on.
  case size(expected: String, width: Int, height: Int)
  /// A picture's pixels do not fit its size.
  case pixelCount(expected: Int, found: Int)
  /// The memory to write into does not hold the views; in values.
  case memory(expected: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .parameter(let name, let expected, let found):
      "expected \(name) to be \(expected), found \(found)"
    case .size(let expected, let width, let height):
      "expected a picture of \(expected) pixels, found \(width)×\(height)"
    case .pixelCount(let expected, let found):
      "expected \(expected) values of RGB pixels, found \(found)"
    case .memory(let expected, let found):
      "expected memory for \(expected) values, found \(found)"
    }
  }

  /// - Throws: `parameter` where `isValid` is false.
  static func require(
    _ isValid: Bool, _ name: String, _ expected: String, _ found: String
  ) throws {
    guard isValid else {
      throw AugmentationError.parameter(name: name, expected: expected, found: found)
    }
  }
}

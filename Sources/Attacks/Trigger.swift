import Frames

/// A backdoor's trigger: what an attacker puts into pictures. The same picture always becomes the same
/// triggered one.
public protocol Trigger: Sendable {
  /// What kind it is, such as `badnets`.
  var name: String { get }
  /// Its parameters by name, in a fixed order, for reports.
  var parameters: [(String, String)] { get }
  /// The picture with the trigger, of the same size, in `0...1` where the picture is.
  /// - Throws: `TriggerError.tooSmall` where the trigger does not fit the picture,
  ///   `FloatImageError.valueCount` where the picture's values do not fit its size.
  func apply(to image: FloatImage) throws -> FloatImage
}

extension Trigger {
  /// One line, such as `sig(frequency=6, delta=20)`.
  public var summary: String {
    "\(name)(\(parameters.map { "\($0.0)=\($0.1)" }.joined(separator: ", ")))"
  }
}

/// What can be wrong with a trigger.
public enum TriggerError: Error, Equatable, CustomStringConvertible {
  /// A parameter is out of range.
  case parameter(name: String, expected: String, found: String)
  /// The picture is smaller than the trigger needs.
  case tooSmall(expectedWidth: Int, expectedHeight: Int, width: Int, height: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .parameter(let name, let expected, let found):
      "expected \(name) to be \(expected), found \(found)"
    case .tooSmall(let expectedWidth, let expectedHeight, let width, let height):
      """
      expected a picture of at least \(expectedWidth)×\(expectedHeight) pixels for the trigger, \
      found \(width)×\(height)
      """
    }
  }

  /// - Throws: `parameter` where the value is not in the range.
  static func require<Value: Comparable>(
    _ name: String, _ value: Value, in range: ClosedRange<Value>
  ) throws {
    guard range.contains(value) else {
      throw TriggerError.parameter(
        name: name,
        expected: "from \(Plain.text(range.lowerBound)) to \(Plain.text(range.upperBound))",
        found: Plain.text(value))
    }
  }
}

/// Numbers as people write them.
enum Plain {
  /// Whole numbers without `.0`.
  static func text<Value>(_ value: Value) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension FloatImage {
  /// The picture with every value changed by a function of it and its place.
  /// - Throws: `FloatImageError.valueCount`.
  func mapped(_ change: (_ value: Float, _ index: Int) -> Float) throws -> FloatImage {
    try check()
    var result = self
    result.pixels.withUnsafeMutableBufferPointer { pixels in
      for index in 0..<pixels.count { pixels[index] = change(pixels[index], index) }
    }
    return result
  }
}

/// A value kept in `0...1`; 0 for what is not a number.
func clampedToUnit(_ value: Float) -> Float { value > 0 ? Swift.min(value, 1) : 0 }

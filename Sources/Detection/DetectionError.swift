/// Why a detector could not be made, or could not look at an image.
public enum DetectionError: Error, Equatable, CustomStringConvertible {
  /// An option is out of its range.
  case option(name: String, expected: String, found: String)
  /// The image has another size than the one that memory was laid out for.
  case imageSize(expected: PixelSize, found: PixelSize)
  /// An image cannot be resized to the options' limits.
  case resize(from: PixelSize, to: PixelSize)
  /// A number of things, such as feature levels, is wrong.
  case count(of: String, expected: Int, found: Int)
  /// A buffer holds fewer elements than its shape needs.
  case bufferSize(of: String, expected: Int, found: Int)
  /// A step after the shapes were checked could not be done.
  case computation(String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .option(let name, let expected, let found):
      "option \(name): expected \(expected), found \(found)"
    case .imageSize(let expected, let found):
      "expected an image of \(expected), found \(found)"
    case .resize(let from, let to):
      "an image of \(from) cannot be resized to \(to): "
        + "sides of 1 to \(DetectionOptions.maximumSide) pixels are expected"
    case .count(let name, let expected, let found):
      "expected \(expected) \(name), found \(found)"
    case .bufferSize(let name, let expected, let found):
      "expected at least \(expected) elements of \(name), found \(found)"
    case .computation(let reason):
      "detection failed: \(reason)"
    }
  }
}

/// The size of an image or of a feature map.
public struct PixelSize: Sendable, Hashable, CustomStringConvertible {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int

  /// A size.
  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// `width × height`.
  public var area: Int { width * height }
  /// As people write it, `640×480`.
  public var description: String { "\(width)×\(height)" }
}

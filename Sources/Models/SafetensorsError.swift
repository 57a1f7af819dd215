import Tensors

/// Why a file was refused as safetensors.
public struct SafetensorsError: Error, Equatable, CustomStringConvertible {
  /// The file.
  public var path: String
  /// What is wrong with it.
  public var problem: Problem

  /// What can be wrong.
  public enum Problem: Sendable, Equatable {
    /// It is a PyTorch pickle, which would run code when loaded.
    case pickle
    /// It is larger than allowed, or shorter than a header.
    case fileSize(bytes: Int, expected: ClosedRange<Int>)
    /// The first 8 bytes give a header length that cannot be.
    case headerLength(found: UInt64, limit: Int)
    /// The header does not begin with `{`.
    case headerStart(found: UInt8)
    /// The header is not the JSON that it should be.
    case headerJSON(JSONError)
    /// A part of the header has another form than the format asks for.
    case header(key: String, expected: String, found: String)
    /// Shape and type ask for another number of bytes than the offsets give.
    case tensorSize(name: String, type: ElementType, shape: [Int], found: Int)
    /// A shape whose size in bytes overflows.
    case overflow(name: String, shape: [Int])
    /// A tensor begins before the end of the one before it, or leaves a hole.
    case offsets(name: String, expectedStart: Int, foundStart: Int)
    /// The last tensor ends before or beyond the end of the file.
    case dataEnd(expected: Int, found: Int)
    /// No tensor has this name.
    case missing(name: String)
    /// The tensor cannot be read as floating point or as integers.
    case type(name: String, expected: String, found: ElementType)
    /// A weight is NaN or infinite.
    case nonFinite(name: String, index: Int, value: String)
    /// Nothing can be written: the tensors do not fit the format.
    case unwritable(name: String, reason: String)
  }

  /// One line: the file, what was expected, what was found.
  public var description: String { "\(path): \(problem)" }
}

extension SafetensorsError.Problem: CustomStringConvertible {
  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .pickle:
      """
      expected safetensors, found a PyTorch pickle, which can run code when it is loaded; \
      convert it once with: tools/convert.py FILE.pth FILE.safetensors
      """
    case .fileSize(let bytes, let expected):
      "expected a file of \(expected.lowerBound) to \(expected.upperBound) bytes, found \(bytes)"
    case .headerLength(let found, let limit):
      "expected a header of 2 to \(limit) bytes, found a length of \(found)"
    case .headerStart(let found): "expected a header that begins with '{', found byte \(found)"
    case .headerJSON(let error): "header: \(error)"
    case .header(let key, let expected, let found):
      "header: \(key): expected \(expected), found \(found)"
    case .tensorSize(let name, let type, let shape, let found):
      "\(name): expected \(shape) elements of \(type.rawValue) to fill its range, "
        + "found a range of \(found) bytes"
    case .overflow(let name, let shape): "\(name): the shape \(shape) overflows 63 bits"
    case .offsets(let name, let expectedStart, let foundStart):
      "\(name): expected to begin at byte \(expectedStart) of the data, found \(foundStart)"
    case .dataEnd(let expected, let found):
      "expected the tensors to end with the file's \(expected) bytes of data, found \(found)"
    case .missing(let name): "expected a tensor named \(name), found none"
    case .type(let name, let expected, let found):
      "\(name): expected \(expected), found \(found.rawValue)"
    case .nonFinite(let name, let index, let value):
      "\(name): expected finite weights, found \(value) at index \(index)"
    case .unwritable(let name, let reason): "\(name): cannot be written: \(reason)"
    }
  }
}

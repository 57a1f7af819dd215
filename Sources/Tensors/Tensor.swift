/// A dense array of f32 in row-major order: the last dimension is contiguous.
public struct Tensor: Sendable, Equatable {
  /// The size of each dimension; empty for a scalar.
  public let shape: [Int]
  /// `shape.reduce(1, *)` values. Assigning another count is a programming error.
  public var values: [Float] {
    didSet { precondition(values.count == oldValue.count, "a tensor keeps its count") }
  }

  /// A tensor over existing values.
  /// - Throws: `TensorError` where a dimension is negative, the product overflows, or the values
  ///   do not fit the shape.
  public init(shape: [Int], values: [Float]) throws {
    let count = try Tensor.count(of: shape)
    guard count == values.count else {
      throw TensorError.count(shape: shape, expected: count, found: values.count)
    }
    self.shape = shape
    self.values = values
  }

  /// A tensor filled with one value.
  /// - Throws: `TensorError` where a dimension is negative or the product overflows.
  public init(shape: [Int], repeating value: Float = 0) throws {
    self.shape = shape
    self.values = [Float](repeating: value, count: try Tensor.count(of: shape))
  }

  /// The number of values.
  public var count: Int { values.count }

  /// The same values under another shape.
  /// - Throws: `TensorError` where the new shape has another count.
  public func reshaped(_ shape: [Int]) throws -> Tensor {
    try Tensor(shape: shape, values: values)
  }

  /// The number of elements of a shape, checked for overflow.
  /// - Throws: `TensorError.dimension` or `TensorError.overflow`.
  public static func count(of shape: [Int]) throws -> Int {
    var product = 1
    var overflowed = false
    for dimension in shape {
      guard dimension >= 0 else { throw TensorError.dimension(shape: shape) }
      let (result, overflow) = product.multipliedReportingOverflow(by: dimension)
      overflowed = overflowed || overflow
      product = overflow ? Int.max : result
    }
    // A later zero does not excuse an overflow: no honest file holds such a shape.
    guard !overflowed else { throw TensorError.overflow(shape: shape) }
    return product
  }
}

/// What can be wrong with a tensor's shape.
public enum TensorError: Error, Equatable, CustomStringConvertible {
  /// A dimension is negative.
  case dimension(shape: [Int])
  /// The product of the dimensions does not fit an `Int`.
  case overflow(shape: [Int])
  /// The values do not fit the shape.
  case count(shape: [Int], expected: Int, found: Int)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .dimension(let shape): "expected dimensions of 0 or more, found the shape \(shape)"
    case .overflow(let shape):
      "expected a shape whose number of elements fits 63 bits, found \(shape)"
    case .count(let shape, let expected, let found):
      "expected \(expected) values for the shape \(shape), found \(found)"
    }
  }
}

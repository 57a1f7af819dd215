/// A block of f32 values that stays where it is: what kernels in C and plans read and write. Freed
/// with the last reference. One thread uses it at a time.
public final class FloatBuffer {
  /// The values, 0 at first.
  public let values: UnsafeMutableBufferPointer<Float>

  /// Allocates `count` values, at least 0 and bounded by the caller.
  public init(count: Int) {
    values = .allocate(capacity: max(count, 0))
    values.initialize(repeating: 0)
  }

  deinit { values.deallocate() }

  /// The number of values.
  public var count: Int { values.count }
  /// The values, to be read.
  public var readable: UnsafeBufferPointer<Float> { UnsafeBufferPointer(values) }

  /// Rows `range` of values that are `width` apart.
  public func rows(_ range: Range<Int>, width: Int) -> UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(
      rebasing: values[(range.lowerBound * width)..<(range.upperBound * width)])
  }
}

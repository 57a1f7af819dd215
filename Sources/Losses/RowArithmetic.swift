import Foundation

/// Eight lanes at a time, always in the same order, so that a result does not depend on the machine.
enum RowArithmetic {
  private typealias Lanes = SIMD8<Float>

  /// `Σ x·y`.
  static func dot(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int
  ) -> Float {
    var lanes = Lanes.zero
    let whole = count & ~7
    var index = 0
    while index < whole {
      lanes += load(x + index) * load(y + index)
      index += 8
    }
    var sum = lanes.sum()
    while index < count {
      sum += x[index] * y[index]
      index += 1
    }
    return sum
  }

  /// `target = source · factor`.
  static func scale(
    _ source: UnsafePointer<Float>, by factor: Float, into target: UnsafeMutablePointer<Float>,
    _ count: Int
  ) {
    for index in 0..<count { target[index] = source[index] * factor }
  }

  /// `target = first · x + second · y`, added to what `target` holds where asked.
  static func combine(
    _ x: UnsafePointer<Float>, _ first: Float, _ y: UnsafePointer<Float>, _ second: Float,
    into target: UnsafeMutablePointer<Float>, _ count: Int, accumulates: Bool
  ) {
    if accumulates {
      for index in 0..<count { target[index] += first * x[index] + second * y[index] }
    } else {
      for index in 0..<count { target[index] = first * x[index] + second * y[index] }
    }
  }

  /// `1 / ‖x‖₂`, and 0 for a row of zeros: it has no direction, so nothing can pull at it. NaN where
  /// the norm is not finite, so that the loss says so.
  static func inverseNorm(_ x: UnsafePointer<Float>, _ count: Int) -> Float {
    let square = dot(x, x, count)
    guard square.isFinite else { return .nan }
    return square > 0 ? 1 / square.squareRoot() : 0
  }

  /// `log Σ exp(factor · x)`, stable for any size of the values.
  static func logSumExp(_ x: UnsafePointer<Float>, times factor: Float, _ count: Int) -> Float {
    var largest = -Float.infinity
    for index in 0..<count { largest = max(largest, factor * x[index]) }
    // All −∞, or no number at all: there is nothing to stabilise.
    guard largest.isFinite else { return largest.isNaN ? .nan : largest }
    var sum: Float = 0
    for index in 0..<count { sum += exp(factor * x[index] - largest) }
    return largest + log(sum)
  }

  @inline(__always)
  private static func load(_ pointer: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }
}

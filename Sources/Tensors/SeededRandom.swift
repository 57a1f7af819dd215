import Foundation

/// SplitMix64 (Steele, Lea and Flood 2014): the same whole numbers from the same seed everywhere.
/// Not for secrets.
///
/// What is computed in floating point with `log` or `cos` (``gaussian()``) is the same on one machine,
/// and may differ in the last digit between C libraries.
public struct SeededRandom: RandomNumberGenerator, Sendable, Hashable {
  private var state: UInt64

  /// A generator whose stream is decided by all the given numbers and their order.
  public init(_ seeds: UInt64...) { self.init(seeds: seeds) }

  /// A generator whose stream is decided by all the given numbers and their order.
  public init(seeds: [UInt64]) {
    state = 0x2545_f491_4f6c_dd1d
    for seed in seeds { absorb(seed) }
  }

  /// An independent stream that is decided by this generator's present state and the given numbers,
  /// without moving this generator: one per picture, thread or epoch.
  public func stream(_ seeds: UInt64...) -> SeededRandom {
    var result = self
    // One step more than a plain start, so that a stream without numbers is another one too.
    result.absorb(0x7374_7265_616d)
    for seed in seeds { result.absorb(seed) }
    return result
  }

  private mutating func absorb(_ seed: UInt64) {
    state ^= seed &* 0x9e37_79b9_7f4a_7c15
    state = next()
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number of `0..<1`, uniformly, in 24 bits.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number of a range, uniformly.
  public mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    let value = range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    // Rounding may lead just beyond the end.
    return min(value, range.upperBound)
  }

  /// A number of the standard normal distribution (Box and Muller 1958).
  public mutating func gaussian() -> Float {
    // 1 - u is in (0, 1], so that the logarithm is finite.
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Float.pi * uniform())
  }

  /// True with a probability; never at 0 or below, always at 1 or above.
  public mutating func chance(_ probability: Float) -> Bool { uniform() < probability }

  /// A whole number of `0..<bound` without bias; 0 where `bound` is below 2.
  public mutating func integer(below bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    return Int(next(upperBound: UInt64(bound)))
  }

  /// A whole number of a range without bias.
  public mutating func integer(in range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &self)
  }

  /// The numbers `0..<count` in random order (Fisher and Yates); empty where `count` is below 1.
  public mutating func permutation(_ count: Int) -> [Int] {
    shuffled(Array(0..<max(count, 0)))
  }

  /// The elements in random order.
  public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
    var result = elements
    for last in stride(from: result.count - 1, to: 0, by: -1) {
      result.swapAt(last, integer(below: last + 1))
    }
    return result
  }
}

import Foundation

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on every machine.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  /// A generator whose stream is decided by all the given numbers together.
  init(_ seeds: UInt64...) {
    state = 0x2545_f491_4f6c_dd1d
    for seed in seeds {
      state ^= seed &* 0x9e37_79b9_7f4a_7c15
      state = next()
    }
  }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// A number of the range, uniformly.
  mutating func number(_ range: ClosedRange<Float>) -> Float {
    let unit = Float(next() >> 40) / Float(1 << 24)
    return range.lowerBound + (range.upperBound - range.lowerBound) * unit
  }

  /// True with the given probability.
  mutating func chance(_ probability: Float) -> Bool {
    number(0...1) < probability
  }

  /// One of several, `first` where there is only one.
  mutating func pick<Element>(_ first: Element, _ others: [Element]) -> Element {
    let index = Int(next() % UInt64(others.count + 1))
    return index == 0 ? first : others[index - 1]
  }

  /// One of a palette of hexadecimal colours, varied a little.
  mutating func color(_ palette: [UInt32]) -> Color {
    let index = Int(next() % UInt64(max(palette.count, 1)))
    let base = palette.indices.contains(index) ? palette[index] : 0x808080
    let spread: ClosedRange<Float> = -14...14
    let shift = Color(number(spread), number(spread), number(spread))
    return (Color(hex: base) + shift).scaled(1)
  }

  /// A number of the standard normal distribution (Box and Muller).
  mutating func gaussian() -> Float {
    let radius = (-2 * log(max(number(0...1), 1e-7))).squareRoot()
    return radius * cos(2 * Float.pi * number(0...1))
  }
}

/// Which source pixels of one axis make up each target pixel, and with which weights.
struct AxisTaps: Sendable {
  private var first: [Int] = []
  private var weights: [Float] = []
  private var taps = 0
  private var prepared: (source: Int, target: Int, scale: Float) = (0, 0, 0)

  /// The taps while their memory is held still.
  struct Held {
    /// The first source pixel of each target pixel.
    let first: UnsafeBufferPointer<Int>
    /// `taps` weights for each target pixel.
    let weights: UnsafeBufferPointer<Float>
    let taps: Int

    /// The places of a target pixel's weights.
    @inline(__always) func range(_ target: Int) -> Range<Int> {
      target * taps..<(target + 1) * taps
    }
  }

  /// Computes the taps, unless they are the same as the last time.
  /// - Parameters:
  ///   - source: number of source pixels, at least 1.
  ///   - target: number of target pixels, at least 1.
  ///   - scale: what every weight is multiplied with.
  mutating func prepare(source: Int, target: Int, scale: Float) {
    if prepared == (source, target, scale) { return }
    prepared = (source, target, scale)
    let ratio = Float(source) / Float(target)
    let isAveraged = source > 2 * target
    taps = min(isAveraged ? Int(ratio.rounded(.up)) + 1 : 2, source)
    first.removeAll(keepingCapacity: true)
    first.append(contentsOf: repeatElement(0, count: target))
    weights.removeAll(keepingCapacity: true)
    weights.append(contentsOf: repeatElement(0, count: target * taps))
    for place in 0..<target {
      if isAveraged {
        average(place, ratio: ratio, source: source, scale: scale)
      } else {
        interpolate(place, ratio: ratio, source: source, scale: scale)
      }
    }
  }

  private mutating func interpolate(_ place: Int, ratio: Float, source: Int, scale: Float) {
    let position = max((Float(place) + 0.5) * ratio - 0.5, 0)
    let lower = min(Int(position), source - 1)
    let fraction = lower < source - 1 ? position - Float(lower) : 0
    // All taps must lie inside: at the end the last two pixels are taken.
    first[place] = min(lower, source - taps)
    weights[place * taps + lower - first[place]] = (1 - fraction) * scale
    if fraction > 0 { weights[place * taps + lower - first[place] + 1] = fraction * scale }
  }

  private mutating func average(_ place: Int, ratio: Float, source: Int, scale: Float) {
    let low = Float(place) * ratio
    let high = min(low + ratio, Float(source))
    first[place] = min(Int(low), source - taps)
    for tap in 0..<taps {
      let left = Float(first[place] + tap)
      weights[place * taps + tap] = max(min(left + 1, high) - max(left, low), 0) / ratio * scale
    }
  }

  func withTaps<Result>(_ body: (Held) -> Result) -> Result {
    first.withUnsafeBufferPointer { first in
      weights.withUnsafeBufferPointer { body(Held(first: first, weights: $0, taps: taps)) }
    }
  }
}

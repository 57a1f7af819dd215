import Foundation

/// A straight scale from values to pixels, with ticks at round numbers.
struct ChartScale {
  let low: Double
  let high: Double
  /// The distance of ticks.
  let step: Double
  private let from: Double
  private let to: Double

  /// A scale whose ends are ticks, where `rounded`.
  init(
    _ low: Double, _ high: Double, from: Double, to: Double, ticks: Int = 5, rounded: Bool = true
  ) {
    var (low, high) = (low, high)
    if !(low.isFinite && high.isFinite && low <= high) { (low, high) = (0, 1) }
    if high - low < max(abs(low), abs(high)) * 1e-9 || high == low {
      // All values alike: some room around them.
      let room = max(abs(low) * 0.1, 0.5)
      (low, high) = (low - room, high + room)
    }
    step = Self.roundStep((high - low) / Double(max(ticks, 1)))
    self.low = rounded ? (low / step).rounded(.down) * step : low
    self.high = rounded ? (high / step).rounded(.up) * step : high
    self.from = from
    self.to = to
  }

  func callAsFunction(_ value: Double) -> Double {
    from + (value - low) / (high - low) * (to - from)
  }

  var ticks: [Double] {
    let first = Int((low / step - 1e-6).rounded(.up))
    let last = Int((high / step + 1e-6).rounded(.down))
    return first > last ? [] : (first...last).map { Double($0) * step }
  }

  /// A tick's text, with as many decimals as the step asks for.
  func label(_ tick: Double) -> String {
    Markup.number(tick, decimals: max(0, Int((-log10(step) - 1e-9).rounded(.up))))
  }

  /// 1, 2 or 5 times a power of ten, at least the given step.
  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    for factor in [1.0, 2, 5] where factor * power >= step * (1 - 1e-9) { return factor * power }
    return 10 * power
  }
}

/// Events per second over the last seconds.
struct RateMeter {
  /// Seconds looked back.
  static let window = 5.0
  private var times: [ContinuousClock.Instant] = []
  private var start: ContinuousClock.Instant?
  /// Enough for 240 events a second; memory stays bounded beyond.
  private static let maximum = 1200

  mutating func record(at now: ContinuousClock.Instant) {
    if start == nil { start = now }
    forget(before: now)
    if times.count == Self.maximum { times.removeFirst() }
    times.append(now)
  }

  /// Events per second, over the time since the first event where that is shorter.
  mutating func rate(at now: ContinuousClock.Instant) -> Double {
    forget(before: now)
    guard let start, times.count > 1 else { return 0 }
    return Double(times.count) / min(Self.window, max((now - start).inSeconds, 0.1))
  }

  private mutating func forget(before now: ContinuousClock.Instant) {
    let first = times.firstIndex { (now - $0).inSeconds <= Self.window } ?? times.endIndex
    if first > 0 { times.removeSubrange(..<first) }
  }
}

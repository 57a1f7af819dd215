/// When the next picture of a file, a folder or a scene is due.
struct Pacer {
  /// Seconds between pictures; 0: at once.
  private let period: Duration
  private var due: ContinuousClock.Instant?

  init(framesPerSecond: Double) {
    period = framesPerSecond > 0 ? .seconds(1 / min(max(framesPerSecond, 0.001), 1e6)) : .zero
  }

  /// When the next picture is due; the first one is at once.
  func nextDue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant { due ?? now }

  /// Takes the next picture's turn.
  /// - Returns: how many turns were missed before, as with a camera whose pictures nobody fetched.
  mutating func take(at now: ContinuousClock.Instant) -> Int {
    guard period > .zero else { return 0 }
    let turn = due ?? now
    let missed = max(0, Int((now - turn) / period))
    due = turn + period * (missed + 1)
    return missed
  }

  /// Sleeps until the next picture is due.
  /// - Returns: false where it is not due within `timeout`; then it has slept so long.
  func wait(timeout: Duration) -> Bool {
    let now = ContinuousClock.now
    let due = nextDue(at: now)
    let end = min(due, now + timeout)
    if end > now { Nap.sleep(for: end - now) }
    return due <= now + timeout
  }
}

import Glibc

/// Sleeping on a thread of one's own.
enum Nap {
  /// Sleeps on the monotonic clock, also through signals.
  static func sleep(for duration: Duration) {
    guard duration > .zero else { return }
    let (seconds, attoseconds) = duration.components
    var left = timespec(
      tv_sec: Int(clamping: seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    var remaining = timespec()
    while nanosleep(&left, &remaining) != 0, errno == EINTR { left = remaining }
  }
}

extension Duration {
  /// Whole milliseconds, rounded up, for `poll`; 0 where negative.
  var pollMilliseconds: Int32 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let part = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: min(seconds, 1_000_000) * 1000 + part)
  }
}

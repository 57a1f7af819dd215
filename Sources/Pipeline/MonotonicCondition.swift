import Glibc

/// A lock with a condition whose time-outs run on the monotonic clock: on a board without a
/// battery-backed clock the wall clock jumps by years when the network comes up, and a wait on it
/// would last as long.
final class MonotonicCondition: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func withLock<Result>(_ body: () throws -> Result) rethrows -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Waits until `signal`, or until `deadline` has passed; only inside `withLock`. May return early.
  func wait(until deadline: ContinuousClock.Instant) {
    let remaining = max(.zero, deadline - .now)
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let nanoseconds =
      time.tv_nsec + Int(remaining.components.attoseconds / 1_000_000_000)
    time.tv_sec += Int(remaining.components.seconds) + nanoseconds / 1_000_000_000
    time.tv_nsec = nanoseconds % 1_000_000_000
    pthread_cond_timedwait(condition, mutex, &time)
  }

  /// Wakes all who wait.
  func signal() { pthread_cond_broadcast(condition) }
}

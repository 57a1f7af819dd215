import Pipeline
import Synchronization

/// Hears each turn of the inference loop and tells systemd: the watchdog, and now and then how the
/// daemon is.
final class TurnReporter: Sendable {
  private let notifier: ServiceNotifier
  private let pipeline = Mutex<Pipeline?>(nil)
  private let nextStatus = Mutex(ContinuousClock.now)
  static let statusPeriod = Duration.seconds(5)

  init(notifier: ServiceNotifier) { self.notifier = notifier }

  func begin(with pipeline: Pipeline) { self.pipeline.withLock { $0 = pipeline } }

  func turn() {
    notifier.alive()
    let now = ContinuousClock.now
    let isDue = nextStatus.withLock { next in
      guard now >= next else { return false }
      next = now + Self.statusPeriod
      return true
    }
    if isDue, let pipeline = pipeline.withLock({ $0 }) { notifier.status(pipeline.statusLine) }
  }
}

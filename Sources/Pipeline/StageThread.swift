import Foundation

import Synchronization

/// A thread of its own for a stage that blocks: a camera that waits for its device, or the
/// inference, to which OpenMP's team of threads belongs.
final class StageThread: Sendable {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Resumed once, by the thread's end or by a timer.
  private final class Waiter: Sendable {
    private let continuation: Mutex<CheckedContinuation<Bool, Never>?>
    init(_ continuation: CheckedContinuation<Bool, Never>) {
      self.continuation = Mutex(continuation)
    }
    func resume(hasFinished: Bool) {
      continuation.withLock { continuation in
        defer { continuation = nil }
        return continuation
      }?.resume(returning: hasFinished)
    }
  }

  private struct State {
    var isFinished = false
    var waiters: [Waiter] = []
  }
  private let state = Mutex(State())

  /// Starts the thread.
  /// - Parameter name: shown by `top -H`, at most 15 bytes.
  /// - Throws: `PipelineError.thread` where the system has none left.
  init(name: String, body: @escaping @Sendable () -> Void) throws {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 4 << 20)

    // The thread owns what it finishes, so that a caller that goes away first does no harm.
    let start = Start(name: name) { [self] in
      body()
      finish()
    }
    let argument = Unmanaged.passRetained(start)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        Thread.current.name = String(start.name.prefix(15))
        start.body()
        return nil
      }, argument.toOpaque())
    guard status == 0 else {
      argument.release()
      throw PipelineError.thread(name: name, reason: String(cString: strerror(status)))
    }
  }

  /// Waits, without blocking a thread, until the body has returned; also in a cancelled task.
  /// - Returns: whether it has within `timeout`; nil waits for as long as it takes.
  @discardableResult
  func join(within timeout: Duration? = nil) async -> Bool {
    await withCheckedContinuation { continuation in
      let waiter = Waiter(continuation)
      let isFinished = state.withLock { state in
        if !state.isFinished { state.waiters.append(waiter) }
        return state.isFinished
      }
      if isFinished { return waiter.resume(hasFinished: true) }
      guard let timeout else { return }
      DispatchQueue.global().asyncAfter(deadline: .now() + timeout.inSeconds) {
        waiter.resume(hasFinished: false)
      }
    }
  }

  private func finish() {
    let waiters = state.withLock { state in
      state.isFinished = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(hasFinished: true) }
  }
}

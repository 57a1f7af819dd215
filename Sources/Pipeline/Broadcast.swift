import Synchronization

/// Hands each new value to every subscriber. A subscriber holds one value, or a few: one that is
/// slow finds the newest and has missed the others, and holds up nobody.
public final class Broadcast<Element: Sendable>: Sendable {
  private struct State {
    var latest: Element?
    var isFinished = false
    var nextID: UInt64 = 0
    var subscribers: [UInt64: AsyncStream<Element>.Continuation] = [:]
  }
  private let state = Mutex(State())

  private let depth: Int

  /// A broadcast without subscribers.
  /// - Parameter depth: the values that a subscriber holds, at least 1.
  public init(depth: Int = 1) { self.depth = max(1, depth) }

  /// The newest value, if any.
  public var latest: Element? { state.withLock { $0.latest } }

  /// How many listen.
  public var subscriberCount: Int { state.withLock { $0.subscribers.count } }

  /// The values from now on; the first is the newest there is, unless `includingLatest` is false.
  public func subscribe(includingLatest: Bool = true) -> AsyncStream<Element> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Element.self, bufferingPolicy: .bufferingNewest(depth))
    // Values are handed over under the lock: otherwise the newest could be overtaken by the first.
    let (id, isFinished) = state.withLock { state in
      state.nextID += 1
      if includingLatest, let latest = state.latest { continuation.yield(latest) }
      if !state.isFinished { state.subscribers[state.nextID] = continuation }
      return (state.nextID, state.isFinished)
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.subscribers[id] = nil }
    }
    if isFinished { continuation.finish() }
    return stream
  }

  /// Hands a value to all.
  public func send(_ value: Element) {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.latest = value
      for subscriber in state.subscribers.values { subscriber.yield(value) }
    }
  }

  /// Forgets the newest value, so that a later subscriber does not begin with it.
  public func clear() { state.withLock { $0.latest = nil } }

  /// Ends every subscription.
  public func finish() {
    let subscribers = state.withLock { state in
      state.isFinished = true
      defer { state.subscribers = [:] }
      return Array(state.subscribers.values)
    }
    for subscriber in subscribers { subscriber.finish() }
  }
}

import Dispatch
import Synchronization

/// Holds the newest picture between the one who receives and the one who waits for it.
final class LatestPicture: Sendable {
  private struct State {
    var picture: CapturedPicture?
    var failure: CameraError?
    var refusals = RefusalCounter()
    var earlier: [String: UInt64] = [:]
  }
  private let state = Mutex(State())
  /// Raised whenever there is something new; the waiter looks for itself what it is.
  private let news = DispatchSemaphore(value: 0)

  /// Pictures refused so far, with those that were overtaken.
  var refusals: [String: UInt64] {
    state.withLock { $0.refusals.counts.merging($0.earlier, uniquingKeysWith: +) }
  }

  /// Puts a picture in; one that still waits is overtaken.
  func put(_ picture: CapturedPicture) {
    let isNews = state.withLock { state in
      guard state.failure == nil else { return false }
      let wasEmpty = state.picture == nil
      if !wasEmpty { state.refusals.add("overtaken") }
      state.picture = picture
      return wasEmpty
    }
    if isNews { news.signal() }
  }

  /// Takes over what the splitter has counted.
  func setRefusals(_ counts: [String: UInt64]) { state.withLock { $0.earlier = counts } }

  /// Counts a picture that was refused.
  func refuse(_ reason: String) { state.withLock { $0.refusals.add(reason) } }

  /// No picture comes after this.
  func finish(_ failure: CameraError) {
    state.withLock { if $0.failure == nil { $0.failure = failure } }
    news.signal()
  }

  /// Waits for a picture.
  /// - Returns: nil where none came within `timeout`.
  /// - Throws: what `finish` was called with, after the last picture.
  func take(timeout: Duration) throws -> CapturedPicture? {
    let end = ContinuousClock.now + timeout
    while true {
      if let picture = try taken() {
        // Its signal, where it was not waited for: signals must not pile up.
        _ = news.wait(timeout: .now())
        return picture
      }
      let left = end - .now
      guard left > .zero else { return nil }
      _ = news.wait(timeout: .now() + .milliseconds(Int(left.pollMilliseconds)))
    }
  }

  /// Waits until there is a picture, and leaves it.
  /// - Returns: whether there is one.
  func wait(timeout: Duration) throws -> Bool {
    guard let picture = try take(timeout: timeout) else { return false }
    state.withLock { state in
      if state.picture == nil {
        state.picture = picture
      } else {
        state.refusals.add("overtaken")
      }
    }
    news.signal()
    return true
  }

  private func taken() throws -> CapturedPicture? {
    try state.withLock { state in
      if let picture = state.picture {
        state.picture = nil
        return picture
      }
      if let failure = state.failure { throw failure }
      return nil
    }
  }
}

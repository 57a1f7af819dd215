import Synchronization

/// Switches the trigger of a rendered scene while it runs. Any thread may use it.
public final class SyntheticControls: Sendable {
  private struct State {
    var kind: SyntheticTrigger
    var isShown: Bool
    var period: Double?
  }
  private let state: Mutex<State>

  /// Controls with what an address says about the trigger.
  public init(_ options: SyntheticOptions = SyntheticOptions()) {
    state = Mutex(
      State(
        kind: options.trigger ?? .badnets, isShown: options.trigger != nil,
        period: options.triggerPeriod))
  }

  /// Puts a trigger into view for good, or takes it away; a period ends.
  public func show(_ trigger: SyntheticTrigger?) {
    state.withLock { state in
      if let trigger { state.kind = trigger }
      state.isShown = trigger != nil
      state.period = nil
    }
  }

  /// Puts the trigger that was chosen last into view for good, or takes it away; a period ends.
  public func showTrigger(_ isShown: Bool) {
    state.withLock { state in
      state.isShown = isShown
      state.period = nil
    }
  }

  /// The trigger in view at a time in seconds since the scene began: with a period, first out of
  /// view, then in view.
  public func trigger(at seconds: Double) -> SyntheticTrigger? {
    state.withLock { state in
      guard state.isShown else { return nil }
      if let period = state.period, Int(seconds / period) % 2 == 0 { return nil }
      return state.kind
    }
  }
}

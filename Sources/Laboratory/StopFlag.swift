import Synchronization

/// Asks long work to stop at its next good moment. Any thread may raise or read it.
public final class StopFlag: Sendable {
  private let raised = Atomic(false)

  /// A flag that is not raised.
  public init() {}

  /// Asks for the stop; asking again changes nothing.
  public func stop() { raised.store(true, ordering: .relaxed) }

  /// Whether the stop was asked for.
  public var isRaised: Bool { raised.load(ordering: .relaxed) }
}

/// What the store did on its own, for a log.
public enum StoreEvent: Sendable, Equatable, CustomStringConvertible {
  /// Something that an interrupted run left was removed.
  case leftoverRemoved(name: String)
  /// `state.json` could not be read; a new one took its place, and the old one was kept beside it.
  case stateReplaced(reason: String)
  /// A link pointed at no version and was made to point at another; nil is the factory model.
  case linkRepaired(name: String, found: String, to: String?)
  /// The current version went out of service for good.
  case rolledBack(RolledBack)
  /// A version or the factory model (nil) is not let in by the policy, and was passed over.
  case refused(id: String?, reason: String)
  /// A version or the factory model (nil) could not be used at this time, and was passed over.
  case skipped(id: String?, reason: String)
  /// A start could not be written down, so the version on probation was not started.
  case attemptNotCounted(id: String, reason: String)
  /// Something was to be repaired, and could not be; the store serves all the same.
  case repairFailed(what: String, reason: String)

  /// One line for a log.
  public var description: String {
    switch self {
    case .leftoverRemoved(let name): "removed what an interrupted run left: \(name)"
    case .stateReplaced(let reason): "state.json was replaced by a new one: \(reason)"
    case .linkRepaired(let name, let found, let id):
      "the link \(name) pointed at no version (\(found)) and now points at \(Self.name(id))"
    case .rolledBack(let change):
      "model \(change.id) was rolled back to \(Self.name(change.target)): \(change.reason)"
    case .refused(let id, let reason): "\(Self.name(id)) was refused: \(reason)"
    case .skipped(let id, let reason): "\(Self.name(id)) cannot be used: \(reason)"
    case .attemptNotCounted(let id, let reason):
      "model \(id) on probation was not started, for the start could not be counted: \(reason)"
    case .repairFailed(let what, let reason): "\(what) could not be repaired: \(reason)"
    }
  }

  private static func name(_ id: String?) -> String {
    id.map { "model \($0)" } ?? "the factory model"
  }
}

/// A version that went out of service, and why.
public struct RolledBack: Sendable, Equatable {
  /// The version.
  public var id: String
  /// What took its place; nil is the factory model.
  public var target: String?
  /// Why, in words.
  public var reason: String
  /// When, in ISO 8601.
  public var date: String
}

/// A version that has to prove itself.
public struct Probation: Sendable, Equatable {
  /// The version.
  public var id: String
  /// Starts so far, the one under way included.
  public var attempts: Int
  /// When it was activated, in ISO 8601.
  public var since: String
}

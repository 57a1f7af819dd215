/// What became of a frame that a reservoir was offered.
public enum OfferOutcome: Sendable, Equatable {
  /// It is held.
  case kept(id: String)
  /// It is held, and others had to go for it.
  case replaced([String], by: String)
  /// The last frame of its camera that was looked at is too recent.
  case tooSoon
  /// A frame that is held shows nearly the same.
  case duplicate(of: String)
  /// The reservoir is full, and this frame would have been the one to go.
  case crowded
  /// Its date does not follow from those of the frames before: the clock was set. If it stays so,
  /// the new time is believed after ten minutes.
  case misdated
  /// It alone has more bytes than the reservoir may hold.
  case tooLarge(bytes: Int)
  /// Keeping it would leave less free on the disk than the reserve; `free` in bytes.
  case diskFull(free: Int)
  /// It could not be encoded or written; the reservoir is as it was, and goes on.
  case failed(ReservoirError)

  /// A short name for counters, such as `too-soon`.
  public var name: String {
    switch self {
    case .kept: "kept"
    case .replaced: "replaced"
    case .tooSoon: "too-soon"
    case .duplicate: "duplicate"
    case .crowded: "crowded"
    case .misdated: "misdated"
    case .tooLarge: "too-large"
    case .diskFull: "disk-full"
    case .failed: "failed"
    }
  }

  /// The id of the frame where it is held now.
  public var id: String? {
    switch self {
    case .kept(let id), .replaced(_, let id): id
    default: nil
    }
  }
}

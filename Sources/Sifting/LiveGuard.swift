import Frames
import Measurement

/// Says of one camera, while it is being served, whether what it shows looks as if a trigger were in
/// view.
///
/// Each check looks at one frame before and after one change (`FrameChange`): the blur every other time,
/// mirror and covered cells in turn between. What a change does to the maps is compared with what it did
/// to this camera's earlier frames. A purified model should not be fooled by a trigger; this says that
/// somebody may be trying. One thread uses it.
public struct LiveGuard {
  private let options: GuardOptions
  private let turns: [FrameChange]
  private var turn = 0
  private var kinds: [FrameChange: Kind] = [:]
  private var begun: Begun?

  /// A guard that has seen nothing yet.
  public init(_ options: GuardOptions = .init()) {
    self.options = options
    let changes = FrameChange.all(options.sifting)
    turns = changes.dropFirst().flatMap { [changes[0], $0] }
  }

  /// What is known of one change.
  private struct Kind {
    /// What it did to frames that were not suspect, the newest last.
    var usual: [Double] = []
    /// How far the newest frames lie above them, in robust standard deviations, the newest last; none
    /// while learning.
    var scores: [Double] = []
    /// A trigger does not do the same on every frame: the most suspect of the newest ones counts.
    var score: Double { scores.max() ?? 0 }
    /// Suspect frames one after the other.
    var suspects = 0
  }

  /// A frame of which the first half of the work is done.
  private struct Begun {
    var change: FrameChange
    var picture: FloatImage
    var summary: MapSummary
  }

  /// Whether a frame was begun to be looked at.
  public var isHalfDone: Bool { begun != nil }

  /// Does half of the work on a frame, which takes about as long as a detection: at first the frame as it
  /// is, at the next call the same frame changed.
  /// - Parameter probe: asks the detector that serves.
  /// - Returns: the verdict after the second half; nil after the first.
  /// - Throws: what the detector throws; the guard then knows no more than before.
  public mutating func work(on frame: Image, with probe: TriggerProbe) throws -> GuardVerdict? {
    guard let begun else {
      let picture = try reduced(frame, to: probe.side)
      begun = Begun(
        change: turns[turn], picture: picture, summary: try probe.summary(of: picture))
      turn = (turn + 1) % turns.count
      return nil
    }
    self.begun = nil
    take(try probe.distance(begun.picture, begun.summary, after: begun.change), begun.change)
    return verdict
  }

  /// Looks at a frame.
  /// - Throws: as `work(on:with:)`.
  public mutating func check(_ frame: Image, with probe: TriggerProbe) throws -> GuardVerdict {
    begun = nil
    _ = try work(on: frame, with: probe)
    return try work(on: frame, with: probe) ?? verdict
  }

  /// Takes in what a change did to a frame.
  mutating func take(_ distance: Double, _ change: FrameChange) {
    var kind = kinds[change] ?? Kind()
    defer { kinds[change] = kind }
    guard kind.usual.count >= options.learning else {
      kind.usual.append(distance)
      return
    }
    let score = RobustSpread(kind.usual, floor: options.floor).score(distance)
    kind.scores = kind.scores.suffix(options.holding - 1) + [score]
    guard score > options.threshold else {
      kind.suspects = 0
      kind.usual.append(distance)
      if kind.usual.count > options.memory { kind.usual.removeFirst() }
      return
    }
    kind.suspects += 1
    // The camera shows something else for good: night has come, or it was turned.
    if kind.suspects >= options.patience { kind = Kind() }
  }

  /// What is known now.
  public var verdict: GuardVerdict {
    let learned = kinds.filter { $0.value.usual.count >= options.learning }
    guard learned[turns[0]] != nil else {
      return GuardVerdict(state: .learning, score: 0, reason: "learns what this camera shows")
    }
    // Of equals the one that comes first, so that the reason does not depend on the hash.
    var most: (change: FrameChange, score: Double) = (turns[0], -.infinity)
    for change in turns where learned[change] != nil {
      let score = kinds[change]?.score ?? 0
      if score > most.score { most = (change, score) }
    }
    guard most.score > options.threshold else {
      return GuardVerdict(state: .clean, score: max(0, most.score), reason: "as usual")
    }
    return GuardVerdict(state: .suspect, score: most.score, reason: most.change.explanation)
  }

  /// No larger than the network looks at: a change costs as much as the frame has pixels.
  private func reduced(_ frame: Image, to side: Int) throws -> FloatImage {
    let shorter = min(frame.width, frame.height)
    guard shorter > side else { return try FloatImage(frame) }
    func scaled(_ length: Int) -> Int { max(1, length * side / shorter) }
    return try FloatImage(frame).resized(width: scaled(frame.width), height: scaled(frame.height))
  }
}

extension FrameChange {
  /// What it means that it moves maps more than usual.
  var explanation: String {
    switch self {
    case .blur: "a blur changes what the network sees far more than usual"
    case .mirror: "in the mirror the network sees far less of the same than usual"
    case .cover(let column, let row):
      "the part in column \(column + 1), row \(row + 1) changes what the network sees elsewhere"
    }
  }
}

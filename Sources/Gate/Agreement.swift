import Frames

/// How far two detectors say the same of clean frames, without labels.
///
/// Detections of the minimum score or better of both are paired on each frame: of one class, with an
/// IoU of 0.5 or more, greedily by the second detector's score, one to one. With `p` pairs among `a`
/// and `b` detections on all frames together, F1 = 2p / (a + b): the Dice coefficient, and the harmonic
/// mean of precision and recall where one detector is the other's truth.
public struct Agreement: Sendable, Equatable, Codable {
  /// Counts of one class, or of all.
  public struct Counts: Sendable, Equatable, Codable {
    /// Detections of the serving model.
    public internal(set) var serving = 0
    /// Detections of the candidate.
    public internal(set) var candidate = 0
    /// Pairs.
    public internal(set) var pairs = 0
    /// The sum of the absolute differences of the scores of each pair.
    var scoreDifferences = 0.0

    /// `2 · pairs / (serving + candidate)`, in `0...1`; nil where neither found anything.
    public var f1: Double? {
      serving + candidate > 0 ? Double(2 * pairs) / Double(serving + candidate) : nil
    }
    /// The mean absolute difference of the scores of a pair, in `0...1`; nil without a pair.
    public var scoreDifference: Double? {
      pairs > 0 ? scoreDifferences / Double(pairs) : nil
    }
    /// What there is to judge by: the detections of the one that found more. A candidate that finds
    /// nothing where the serving model finds much is judged, and so is the reverse.
    public var evidence: Int { max(serving, candidate) }

    static func + (one: Counts, other: Counts) -> Counts {
      var sum = one
      sum.serving += other.serving
      sum.candidate += other.candidate
      sum.pairs += other.pairs
      sum.scoreDifferences += other.scoreDifferences
      return sum
    }
  }

  /// The classes' names.
  public let classes: [String]
  /// Counts of each class, in their order.
  public private(set) var perClass: [Counts]
  /// Frames so far.
  public private(set) var frames = 0

  /// Counts of all classes together.
  public var total: Counts { perClass.reduce(Counts(), +) }

  init(classes: [String]) {
    self.classes = classes
    perClass = classes.map { _ in Counts() }
  }

  /// Takes in what both found on a frame.
  mutating func add(serving: [Detection], candidate: [Detection]) {
    frames += 1
    for detection in serving { perClass[detection.classIndex].serving += 1 }
    for detection in candidate { perClass[detection.classIndex].candidate += 1 }
    for (one, partner) in zip(serving, DetectionPairing(serving, candidate).partners) {
      guard let partner else { continue }
      perClass[one.classIndex].pairs += 1
      perClass[one.classIndex].scoreDifferences += Double(
        abs(one.score - candidate[partner].score))
    }
  }
}

extension Agreement.Counts {
  private enum CodingKeys: String, CodingKey {
    case serving, candidate, pairs, scoreDifferences, f1, scoreDifference
  }

  /// Reads the counts; F1 and mean follow from them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    serving = try container.decode(Int.self, forKey: .serving)
    candidate = try container.decode(Int.self, forKey: .candidate)
    pairs = try container.decode(Int.self, forKey: .pairs)
    scoreDifferences = try container.decode(Double.self, forKey: .scoreDifferences)
  }

  /// Writes the counts, and what follows from them where there is any.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(serving, forKey: .serving)
    try container.encode(candidate, forKey: .candidate)
    try container.encode(pairs, forKey: .pairs)
    try container.encode(scoreDifferences, forKey: .scoreDifferences)
    try container.encodeIfPresent(f1, forKey: .f1)
    try container.encodeIfPresent(scoreDifference, forKey: .scoreDifference)
  }
}

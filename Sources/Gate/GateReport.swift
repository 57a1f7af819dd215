/// What a gate decides.
public enum GateVerdict: Sendable, Equatable {
  /// The candidate may replace the serving model.
  case passed
  /// It may not; each reason says what was expected and what was found.
  case rejected(reasons: [String])
  /// There is too little to judge by, so it may not either; each reason says what was missing.
  case undecided(reasons: [String])

  /// Nothing failed and nothing is missing: passed. A check that failed decides, whatever is missing.
  init(_ checks: [GateCheck]) {
    let failed = checks.filter { $0.outcome == .failed }
    let missing = checks.filter { $0.outcome == .undecided }
    self =
      !failed.isEmpty
      ? .rejected(reasons: failed.map(\.reason))
      : !missing.isEmpty || checks.isEmpty
        ? .undecided(reasons: missing.isEmpty ? ["nothing was checked"] : missing.map(\.reason))
        : .passed
  }
}

extension GateVerdict: Codable {
  private enum CodingKeys: String, CodingKey { case outcome, reasons }
  private enum Outcome: String, Codable { case passed, rejected, undecided }

  /// Reads an outcome and its reasons.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let reasons = try container.decodeIfPresent([String].self, forKey: .reasons) ?? []
    switch try container.decode(Outcome.self, forKey: .outcome) {
    case .passed: self = .passed
    case .rejected: self = .rejected(reasons: reasons)
    case .undecided: self = .undecided(reasons: reasons)
    }
  }

  /// Writes the outcome, and the reasons.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let (outcome, reasons): (Outcome, [String]) =
      switch self {
      case .passed: (.passed, [])
      case .rejected(let reasons): (.rejected, reasons)
      case .undecided(let reasons): (.undecided, reasons)
      }
    try container.encode(outcome, forKey: .outcome)
    try container.encode(reasons, forKey: .reasons)
  }
}

/// One thing that was checked.
public struct GateCheck: Sendable, Equatable, Codable {
  /// How a check ended.
  public enum Outcome: String, Sendable, Codable {
    /// The value is within its bound.
    case passed
    /// It is not.
    case failed
    /// There is no value that can be trusted.
    case undecided
  }

  /// Which side of its threshold a value may be on; the threshold itself is allowed.
  public enum Bound: String, Sendable, Codable {
    /// The threshold or more.
    case atLeast
    /// The threshold or less.
    case atMost
  }

  /// What is checked, such as `agreement`.
  public let name: String
  /// The value found; absent where there is none.
  public let value: Double?
  /// What it is compared with.
  public let threshold: Double
  /// On which side of the threshold it may be.
  public let bound: Bound
  /// How the check ended.
  public let outcome: Outcome
  /// What the value rests on, for people.
  public let detail: String

  /// Compares a value with a threshold. Without a value, or with one that is no number, it is undecided.
  /// - Parameter detail: what the value rests on, or why there is none.
  public init(
    _ name: String, _ value: Double?, _ bound: Bound, _ threshold: Double, detail: String
  ) {
    let value = value.flatMap { $0.isNaN ? nil : $0 }
    self.name = name
    self.value = value
    self.bound = bound
    self.threshold = threshold
    self.detail = detail
    outcome =
      value.map { value in
        (bound == .atLeast ? value >= threshold : value <= threshold) ? .passed : .failed
      } ?? .undecided
  }

  /// One line: what was expected and what was found.
  public var reason: String {
    let expected = "\(bound == .atLeast ? "at least" : "at most") \(Self.text(threshold))"
    guard let value else { return "\(name): undecided: \(detail)" }
    return "\(name): expected \(expected), found \(Self.text(value)) (\(detail))"
  }

  /// Four decimals, without zeros at the end.
  private static func text(_ value: Double) -> String {
    let rounded = (value * 10_000).rounded() / 10_000
    return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int(rounded))" : "\(rounded)"
  }
}

/// All that a gate found of a candidate, for JSON.
public struct GateReport: Sendable, Equatable, Codable {
  /// The decision, with its reasons.
  public private(set) var verdict: GateVerdict
  /// What was checked, in order. What was not reached is not in it.
  public private(set) var checks: [GateCheck]
  /// What it was judged by.
  public let options: GateOptions
  /// Frames that were looked at.
  public let frames: Int
  /// Frames that could not be read or detected on by the serving model.
  public let skippedFrames: Int
  /// What was wrong with the first of those.
  public let skipped: [String]
  /// The comparison of the weights.
  public let weights: WeightsComparison
  /// What both say of clean frames; absent where frames were not reached.
  public let agreement: Agreement?
  /// What each says of frames with triggers; absent where frames were not reached.
  public let servingUnderTriggers, candidateUnderTriggers: TriggerConsistency?
  /// How long both take; absent where nothing was timed. The only part that no seed decides.
  public let speed: SpeedComparison?
  /// Seconds that it took.
  public let seconds: Double

  init(
    checks: [GateCheck], options: GateOptions, weights: WeightsComparison,
    comparison: GateComparison?, seconds: Double
  ) {
    self.checks = checks
    self.options = options
    self.weights = weights
    self.seconds = seconds
    frames = comparison?.agreement.frames ?? 0
    skippedFrames = comparison?.skippedFrames ?? 0
    skipped = comparison?.skipped ?? []
    agreement = comparison?.agreement
    servingUnderTriggers = comparison?.serving
    candidateUnderTriggers = comparison?.candidate
    speed = comparison?.speed
    verdict = GateVerdict(checks)
  }

  /// The report with checks that were made elsewhere, such as on a purification's evidence; the verdict
  /// follows from all.
  public func adding(_ more: [GateCheck]) -> GateReport {
    var report = self
    report.checks += more
    report.verdict = GateVerdict(report.checks)
    return report
  }
}

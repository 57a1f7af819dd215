import Models

/// Whether a candidate's folder holds a model that can stand in for the serving one.
///
/// It has the serving model's architecture (and so its parameters' names and shapes), classes, input
/// size, normalisation and thresholds; every weight is read once and is finite, and no variance is
/// below 0 (`ModelBundle.verifyWeights`). Types of numbers may differ: a candidate in f32 may follow a
/// model in f16.
public struct WeightsComparison: Sendable, Equatable, Codable {
  /// The number of parameters that the serving model has.
  public let parameters: Int
  /// What differs or cannot be used, one line each; empty where the candidate can stand in.
  public let differences: [String]

  /// Whether the candidate can stand in.
  public var isSound: Bool { differences.isEmpty }

  /// Compares two model folders and reads all weights of the second.
  public init(serving: ModelBundle, candidate: ModelBundle) {
    let (old, new) = (serving.manifest, candidate.manifest)
    let expected = old.architecture.expectedParameters
    var differences: [String] = []
    func compare(_ name: String, _ isEqual: Bool, _ expected: Any, _ found: Any) {
      guard !isEqual else { return }
      differences.append("expected the serving model's \(name), \(expected), found \(found)")
    }
    let mismatch = ParameterMismatch(expected: expected, found: candidate.weights.entries)
    if !mismatch.isEmpty { differences.append("\(mismatch)") }
    compare(
      "architecture", old.architecture == new.architecture, old.architecture, new.architecture)
    compare("classes", old.classes == new.classes, old.classes, new.classes)
    compare("input size", old.input == new.input, old.input, new.input)
    compare(
      "normalisation", old.normalisation == new.normalisation, old.normalisation,
      new.normalisation)
    compare(
      "thresholds", old.thresholds == new.thresholds,
      old.thresholds.map { "\($0)" } ?? "none", new.thresholds.map { "\($0)" } ?? "none")
    do {
      try candidate.verifyWeights()
    } catch {
      differences.append("\(error)")
    }
    parameters = expected.count
    self.differences = differences
  }
}

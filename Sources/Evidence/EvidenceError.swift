/// Why evidence cannot be gathered or compared.
public enum EvidenceError: Error, Equatable, CustomStringConvertible {
  /// Embeddings have another shape than the pictures and the other embeddings ask for.
  case shape(expected: String, found: [Int])
  /// An embedding is infinite or not a number.
  case notFinite(row: Int)
  /// Too few pictures to say anything.
  case pictures(minimum: Int, found: Int)
  /// An option is out of range.
  case option(name: String, expected: String, found: Int)
  /// Two pieces of evidence were gathered with different probes.
  case probes(expected: [String], found: [String])

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .shape(let expected, let found): "expected \(expected), found the shape \(found)"
    case .notFinite(let row): "expected finite embeddings, found others in row \(row)"
    case .pictures(let minimum, let found):
      "expected at least \(minimum) pictures, found \(found)"
    case .option(let name, let expected, let found):
      "expected a \(name) \(expected), found \(found)"
    case .probes(let expected, let found):
      "expected the probes \(expected.joined(separator: ", ")), "
        + "found \(found.joined(separator: ", "))"
    }
  }
}

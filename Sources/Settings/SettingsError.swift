/// One thing that is wrong in the configuration.
public struct SettingsProblem: Sendable, Equatable, CustomStringConvertible {
  /// The file and line, or the command-line option.
  public var place: String
  /// The key with its parents, such as `cameras[1].width`; empty where the whole file is meant.
  public var key: String
  /// What was expected.
  public var expected: String
  /// What was found.
  public var found: String

  /// `place: key: expected …, found …`.
  public var description: String {
    (key.isEmpty ? "\(place): " : "\(place): \(key): ") + "expected \(expected), found \(found)"
  }
}

/// Everything that is wrong in the configuration, one line each. The daemon exits with 78
/// (`EX_CONFIG`) on it.
public struct SettingsError: Error, Equatable, CustomStringConvertible {
  /// In the order of the file, at least one.
  public var problems: [SettingsProblem]

  /// The problems.
  public init(_ problems: [SettingsProblem]) { self.problems = problems }

  /// A single problem.
  public init(place: String, key: String = "", expected: String, found: String) {
    problems = [.init(place: place, key: key, expected: expected, found: found)]
  }

  /// One line for each problem.
  public var description: String { problems.map(\.description).joined(separator: "\n") }
}

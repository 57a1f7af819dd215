import Foundation

/// What a command did, as `report.json` for programs and as a page for people.
public protocol Report: Sendable, Codable {
  /// The version of the JSON that this program writes.
  static var schemaVersion: Int { get }
}

extension Report {
  /// The name of the machine-readable file.
  public static var jsonName: String { "report.json" }
  /// The name of the page.
  public static var htmlName: String { "report.html" }

  /// The report as JSON: snake_case, sorted keys. Numbers that are not finite are written as `"NaN"`,
  /// `"Infinity"` and `"-Infinity"`.
  /// - Throws: `EncodingError`, never for a report made by this program.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try encoder.encode(self) + Data("\n".utf8)
  }

  /// A report from its JSON.
  /// - Throws: `ReportError.schemaVersion` for another version; `DecodingError` where something is
  ///   missing or of another kind.
  public init(json: Data) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    let version = try decoder.decode(ReportVersion.self, from: json).schemaVersion
    guard version == Self.schemaVersion else {
      throw ReportError.schemaVersion(expected: Self.schemaVersion, found: version)
    }
    self = try decoder.decode(Self.self, from: json)
  }

  /// Writes `report.json` and `report.html` into a folder that exists. Each file is whole or as it
  /// was.
  /// - Throws: what the file system says.
  func write(to folder: URL, page: HTMLReport) throws {
    try json().write(to: folder.appendingPathComponent(Self.jsonName), options: .atomic)
    try Data(page.html().utf8)
      .write(to: folder.appendingPathComponent(Self.htmlName), options: .atomic)
  }
}

private struct ReportVersion: Decodable { var schemaVersion: Int }

/// A part of the work with its duration.
public struct ReportStage: Sendable, Equatable, Codable {
  /// Its name.
  public var name: String
  /// Wall-clock seconds.
  public var seconds: Double

  /// A part of the work.
  public init(name: String, seconds: Double) {
    self.name = name
    self.seconds = seconds
  }
}

extension [ReportStage] {
  /// Seconds of all stages together.
  public var totalSeconds: Double { reduce(0) { $0 + $1.seconds } }

  /// The stages as a table; nil where there are none.
  var table: HTMLReport.Block? {
    guard !isEmpty else { return nil }
    return .table(
      .init(
        columns: ["Stage", "Seconds"],
        rows: map { [$0.name, Markup.number($0.seconds, decimals: 1)] }))
  }
}

extension [String: SettingValue] {
  /// The settings as facts, sorted by name; nil where there are none.
  var facts: HTMLReport.Block? {
    guard !isEmpty else { return nil }
    return .facts(sorted { $0.key < $1.key }.map { .init($0.key, $0.value.description) })
  }
}

import Foundation
import Models
import Reports

/// The folder that a command's report goes into.
enum ReportFolder {
  /// Makes the folder and tries whether the report can be written, before hours are spent on it.
  /// - Throws: `FileError`.
  static func prepare(_ folder: String) throws {
    // Where that fails, what follows says why.
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in [PurificationReport.jsonName, PurificationReport.htmlName] {
      try AtomicFile.checkWritable("\(folder)/\(name)")
    }
  }

  /// A folder's own name: where it lies is nobody's business.
  static func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }

  /// The most memory that this process has held at once, in bytes; nil where the system does not say.
  static var peakResidentBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
      return nil
    }
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
      .map { $0 * 1024 }
  }
}

/// Runs parts of a command's work and keeps their times for its report.
struct StageTimes {
  private(set) var stages: [ReportStage] = []

  /// Runs a part and keeps its time.
  mutating func time<Value>(_ name: String, _ body: () throws -> Value) rethrows -> Value {
    let clock = ContinuousClock()
    let started = clock.now
    defer { stages.append(.init(name: name, seconds: (clock.now - started) / .seconds(1))) }
    return try body()
  }
}

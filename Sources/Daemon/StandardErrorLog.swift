import Foundation
import Logging
import Settings
import Synchronization

/// Logs one line per event to standard error: for the journal with its priority in front, for
/// people with the time.
struct StandardErrorLog: LogHandler {
  /// The level of all loggers, changed by a reload.
  final class SharedLevel: Sendable {
    private let level: Mutex<Logger.Level>
    init(_ level: Logger.Level) { self.level = Mutex(level) }
    var value: Logger.Level {
      get { level.withLock { $0 } }
      set { level.withLock { $0 = newValue } }
    }
  }

  let sharedLevel: SharedLevel
  let isForJournal: Bool
  private var ownLevel: Logger.Level?
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?

  init(level: SharedLevel, isForJournal: Bool) {
    sharedLevel = level
    self.isForJournal = isForJournal
  }

  var logLevel: Logger.Level {
    get { ownLevel ?? sharedLevel.value }
    set { ownLevel = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var values = metadata
    values.merge(event.metadata ?? [:]) { $1 }
    FileHandle.standardError.write(
      Data(Self.line(event.level, "\(event.message)", values, isForJournal: isForJournal).utf8))
  }

  static func line(
    _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, isForJournal: Bool
  ) -> String {
    // A line break in a message would look like another event.
    var text = oneLine(message)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where !key.hasPrefix("hb.") {
      text += " \(key)=\(oneLine("\(value)"))"
    }
    if isForJournal { return "<\(priority(level))>\(text)\n" }
    let time = Date().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    return "\(time) \(level.rawValue) \(text)\n"
  }

  private static func oneLine(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
  }

  /// syslog's priorities, as journald reads them in front of a line.
  private static func priority(_ level: Logger.Level) -> Int {
    switch level {
    case .trace, .debug: 7
    case .info: 6
    case .notice: 5
    case .warning: 4
    case .error: 3
    case .critical: 2
    }
  }
}

extension LogLevel {
  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}

extension Markup {
  /// A share of `0...100` with its unit.
  static func percent(_ value: Double?) -> String {
    value == nil ? "–" : number(value, decimals: 1) + " %"
  }

  /// A share of `0...1` in percent.
  static func share(_ value: Double?) -> String { percent(value.map { 100 * $0 }) }

  /// `2026-11-26 10:00 UTC` from ISO 8601 in UTC; anything else as it is.
  static func time(_ time: String) -> String {
    guard time.hasSuffix("Z"), time.utf8.count >= 20 else { return time }
    return time.prefix(16).replacing("T", with: " ") + " UTC"
  }

  /// `8.2 s`, `12 min 47 s` or `3 h 5 min`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(number(seconds, decimals: seconds < 10 ? 1 : 0)) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }

  /// Bytes in MB of 10⁶.
  static func megabytes(_ bytes: Int) -> String {
    number(Double(bytes) / 1e6, decimals: 0) + " MB"
  }
}

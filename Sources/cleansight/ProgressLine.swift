import Foundation

/// A line about long work on standard error: written over on a terminal, elsewhere a line every few
/// seconds.
struct ProgressLine {
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private let clock = ContinuousClock()
  private var shown: ContinuousClock.Instant?
  private var isOpen = false

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  /// Writes the text where it is time.
  /// - Parameter isLast: whether it is time in any case.
  mutating func show(isLast: Bool = false, _ text: () -> String) {
    guard !isQuiet else { return }
    let now = clock.now
    let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(5)
    if let shown, now - shown < pause, !isLast { return }
    shown = now
    write(isTerminal ? "\r\(text())\u{1B}[K" : "\(text())\n")
    isOpen = isTerminal
  }

  /// Ends the line on a terminal.
  mutating func finish() {
    if isOpen { write("\n") }
    isOpen = false
  }

  /// A bar of 20 places.
  static func bar(_ share: Double) -> String {
    let full = Int((max(0, min(1, share)) * 20).rounded())
    return "[" + String(repeating: "#", count: full) + String(repeating: "·", count: 20 - full)
      + "]"
  }

  /// Hours, minutes and seconds as `1:02:03`, or `2:03`.
  static func time(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e7 else { return "–:––" }
    let whole = Int(seconds.rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    let tail = String(format: "%02d", whole % 60)
    return hours > 0 ? "\(hours):\(String(format: "%02d", minutes)):\(tail)" : "\(minutes):\(tail)"
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

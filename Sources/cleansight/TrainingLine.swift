import Foundation
import Laboratory

/// A training's progress on standard error: one line that is written over on a terminal, elsewhere a
/// line every few seconds.
struct TrainingLine {
  private let isQuiet: Bool
  private let isTerminal = isatty(STDERR_FILENO) != 0
  private let clock = ContinuousClock()
  private var shown: ContinuousClock.Instant?
  private var isOpen = false
  private var loss: Double?
  private var accuracy: Double?

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  /// Takes a step in, and writes where it is time.
  mutating func show(_ progress: TrainingProgress) {
    guard !isQuiet else { return }
    // Single batches scatter; the mean over about the last twenty tells.
    loss = Self.follow(loss, Double(progress.loss))
    accuracy = progress.accuracy.map { Self.follow(accuracy, $0) }
    let now = clock.now
    let pause: Duration = isTerminal ? .milliseconds(200) : .seconds(5)
    if let shown, now - shown < pause, progress.step < progress.steps { return }
    shown = now
    write(isTerminal ? "\r\(text(progress))\u{1B}[K" : "\(text(progress))\n")
    isOpen = isTerminal
  }

  /// Ends the line on a terminal.
  mutating func finish() {
    if isOpen { write("\n") }
    isOpen = false
  }

  private func text(_ progress: TrainingProgress) -> String {
    var parts = [
      "epoch \(progress.epoch)/\(progress.epochs)", "step \(progress.step)/\(progress.steps)",
      "loss \(figure(loss ?? 0, 3))",
    ]
    if let accuracy { parts.append("accuracy \(figure(accuracy * 100, 1)) %") }
    parts.append("\(Self.time(progress.seconds)), \(Self.time(progress.secondsLeft)) left")
    return parts.joined(separator: "  ")
  }

  private static func follow(_ mean: Double?, _ value: Double) -> Double {
    mean.map { $0 + 0.05 * (value - $0) } ?? value
  }

  /// Hours, minutes and seconds as `1:02:03`, or `2:03`.
  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded())
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    let tail = String(format: "%02d", whole % 60)
    return hours > 0 ? "\(hours):\(String(format: "%02d", minutes)):\(tail)" : "\(minutes):\(tail)"
  }

  private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

/// Ctrl-C raises a flag, so that the step in progress ends and its state is kept; once more ends the
/// process at once.
final class TrainingInterruption {
  private let source: any DispatchSourceSignal

  init(_ stop: StopFlag) {
    // The default action would end the process before the source sees the signal.
    signal(SIGINT, SIG_IGN)
    source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
    source.setEventHandler {
      if stop.isRaised { _exit(130) }
      stop.stop()
    }
    source.resume()
  }

  /// Ctrl-C ends the process again.
  func end() {
    source.cancel()
    signal(SIGINT, SIG_DFL)
  }
}

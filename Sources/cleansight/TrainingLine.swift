import Foundation
import Laboratory

/// A training's progress on standard error.
struct TrainingLine {
  private var line: ProgressLine
  private var loss: Double?
  private var accuracy: Double?

  init(isQuiet: Bool) { line = ProgressLine(isQuiet: isQuiet) }

  /// Takes a step in, and writes where it is time.
  mutating func show(_ progress: TrainingProgress) {
    // Single batches scatter; the mean over about the last twenty tells.
    loss = Self.follow(loss, Double(progress.loss))
    accuracy = progress.accuracy.map { Self.follow(accuracy, $0) }
    let text = self.text(progress)
    line.show(isLast: progress.step >= progress.steps) { text }
  }

  /// Ends the line on a terminal.
  mutating func finish() { line.finish() }

  private func text(_ progress: TrainingProgress) -> String {
    var parts = [
      "epoch \(progress.epoch)/\(progress.epochs)", "step \(progress.step)/\(progress.steps)",
      "loss \(figure(loss ?? 0, 3))",
    ]
    if let accuracy { parts.append("accuracy \(figure(accuracy * 100, 1)) %") }
    parts.append(
      "\(ProgressLine.time(progress.seconds)), \(ProgressLine.time(progress.secondsLeft)) left")
    return parts.joined(separator: "  ")
  }

  private static func follow(_ mean: Double?, _ value: Double) -> Double {
    mean.map { $0 + 0.05 * (value - $0) } ?? value
  }
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

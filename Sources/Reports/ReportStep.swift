import Foundation

/// A step of training, or the mean of some.
public struct ReportStep: Sendable, Equatable, Codable {
  /// Its number, from 1; of several the last one's.
  public var step: Int
  /// The epoch it belongs to, from 1.
  public var epoch: Int
  /// The learning rate.
  public var learningRate: Double
  /// Losses by name: `total`, and its parts. Names stay as they are in JSON.
  public var losses: [String: Double]

  /// A step of training.
  public init(step: Int, epoch: Int, learningRate: Double, losses: [String: Double]) {
    self.step = step
    self.epoch = epoch
    self.learningRate = learningRate
    self.losses = losses
  }
}

extension [ReportStep] {
  /// The means of at most so many stretches of equal length, each with the number and the epoch of its
  /// last step; the steps themselves where they are no more.
  public func means(atMost maximum: Int) -> [ReportStep] {
    guard count > maximum, maximum > 0 else { return self }
    return (0..<maximum).map { stretch in
      let part = self[(stretch * count / maximum)..<((stretch + 1) * count / maximum)]
      let share = 1 / Double(part.count)
      var mean = part[part.endIndex - 1]
      mean.learningRate = part.reduce(0) { $0 + $1.learningRate * share }
      for name in mean.losses.keys {
        mean.losses[name] = part.reduce(0) { $0 + ($1.losses[name] ?? .nan) * share }
      }
      return mean
    }
  }

  /// The losses' names, the total first.
  var lossNames: [String] {
    Set(flatMap(\.losses.keys)).sorted { first, second in
      (first == "total" ? 0 : 1, first) < (second == "total" ? 0 : 1, second)
    }
  }

  /// Curves of the losses.
  /// - Parameter x: what stands on the horizontal axis.
  func lossChart(
    title: String = "Losses", xName: String = "step", x: (ReportStep) -> Int = \.step
  ) -> LineChart {
    let series = lossNames.map { name in
      LineChart.Series(
        name: name.replacing("_", with: " "),
        points: map { PlanePoint(x: Double(x($0)), y: $0.losses[name] ?? .nan) })
    }
    return LineChart(
      title: title, xName: xName, yName: "loss", series: series, startsAtZero: false)
  }

  /// The curve of the learning rate. Small rates are given in a power of ten: the axis has no room for
  /// their zeros.
  var rateChart: LineChart {
    let greatest = map(\.learningRate).filter(\.isFinite).max() ?? 0
    let power = greatest > 0 && greatest < 0.01 ? Int((-log10(greatest)).rounded(.up)) : 0
    let rate = LineChart.Series(
      name: "learning rate",
      points: map { PlanePoint(x: Double($0.step), y: $0.learningRate * pow(10, Double(power))) })
    let digits = "\(power)".map { Self.superscripts[$0.wholeNumberValue ?? 0] }
    return LineChart(
      title: "Learning rate", xName: "step",
      yName: power > 0 ? "rate × 10⁻" + digits.joined() : "rate", series: [rate])
  }

  private static let superscripts = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"]

  /// A sentence about the first loss that is no finite number; nil where all are.
  var divergence: HTMLReport.Block? {
    first { $0.losses.values.contains { !$0.isFinite } }.map {
      .paragraph("A loss was no finite number at step \($0.step).")
    }
  }
}

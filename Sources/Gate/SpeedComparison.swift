/// How long two detectors take, measured frame by frame in turn, so that what else the machine does
/// hits both alike.
///
/// Only frames with triggers are timed: the clean frame went through both detectors just before, so
/// that plans for its size are compiled and no compilation is timed. The first of the two changes from
/// frame to frame.
public struct SpeedComparison: Sendable, Equatable, Codable {
  /// Timed pairs of calls.
  public let samples: Int
  /// Median seconds per frame.
  public let serving, candidate: Double
  /// `candidate / serving`.
  public let ratio: Double

  /// The medians of two equally long series in seconds; nil where they are empty or took no time.
  init?(serving: [Double], candidate: [Double]) {
    guard let one = Self.median(serving), let two = Self.median(candidate), one > 0 else {
      return nil
    }
    samples = min(serving.count, candidate.count)
    self.serving = one
    self.candidate = two
    ratio = two / one
  }

  static func median(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

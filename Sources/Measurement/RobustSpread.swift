/// The median, and the spread by the median distance from it, which outliers do not move.
package struct RobustSpread {
  package let median: Double
  /// 1.4826 × the median distance: the standard deviation, were it a normal distribution.
  package let deviation: Double

  /// - Parameter floor: the deviation is at least so large a share of the median: values that are all
  ///   alike have no spread.
  package init(_ values: [Double], floor: Double = 0.01) {
    median = Self.median(values)
    let center = median
    deviation = max(
      1.4826 * Self.median(values.map { abs($0 - center) }), floor * abs(median), 1e-12)
  }

  /// How many deviations a value lies above the median.
  package func score(_ value: Double) -> Double { (value - median) / deviation }

  private static func median(_ values: [Double]) -> Double {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

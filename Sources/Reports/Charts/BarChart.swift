/// Horizontal bars in groups, such as a number before and after.
public struct BarChart: Chart {
  /// Bars that belong together.
  public struct Row: Sendable, Equatable {
    /// Its name, above the bars.
    public var name: String
    /// A value for each series; nil is not measured.
    public var values: [Double?]

    /// A row of bars.
    public init(name: String, values: [Double?]) {
      self.name = name
      self.values = values
    }
  }

  /// What it shows.
  public var title: String
  /// Names of the bars in a row.
  public var series: [String]
  /// The rows from the top.
  public var rows: [Row]
  /// What stands behind a value, such as `%`.
  public var unit: String
  /// Decimals of a value.
  public var decimals: Int
  /// The end of the scale; nil is the largest value.
  public var maximum: Double?

  private let styles: [String]

  /// A chart with any series.
  public init(
    title: String, series: [String], rows: [Row], unit: String = "", decimals: Int = 1,
    maximum: Double? = nil
  ) {
    self.init(
      title, series, rows, unit, decimals, maximum,
      series.indices.map { ChartStyle.category($0) })
  }

  /// A chart of values before and after something, in the colours kept for that.
  public static func beforeAndAfter(
    title: String, rows: [Row], unit: String = "", decimals: Int = 1, maximum: Double? = nil
  ) -> BarChart {
    BarChart(title, ["before", "after"], rows, unit, decimals, maximum, ["before", "after"])
  }

  private init(
    _ title: String, _ series: [String], _ rows: [Row], _ unit: String, _ decimals: Int,
    _ maximum: Double?, _ styles: [String]
  ) {
    self.title = title
    self.series = series
    self.rows = rows
    self.unit = unit
    self.decimals = decimals
    self.maximum = maximum
    self.styles = styles
  }

  /// The chart as an element.
  public func svg() -> String {
    let (width, left, right) = (480.0, 0.0, 384.0)
    let legend = Legend(Array(zip(series, styles)), width: width - 2 * left)
    let values = rows.flatMap(\.values).compactMap { $0 }.filter(\.isFinite)
    let lowest = min(values.min() ?? 0, 0)
    let highest = max(maximum ?? values.max() ?? 1, 0)
    let scale = ChartScale(
      lowest, lowest < highest ? highest : lowest + 1, from: left, to: right, rounded: false)
    let clamp = { (value: Double) in min(max(scale(value), left), right) }

    var svg = SVG()
    legend.draw(into: &svg, x: left, y: 0)
    var y = legend.height + 8
    let top = y
    for row in rows {
      svg.text(row.name, x: left, y: y + 14, style: "name")
      y += 22
      for (index, style) in styles.enumerated() {
        let value = index < row.values.count ? row.values[index] : nil
        let text = value == nil ? "not measured" : label(value)
        if let value, value.isFinite {
          let (from, to) = (min(scale(0), clamp(value)), max(scale(0), clamp(value)))
          svg.rectangle(
            x: from, y: y, width: max(to - from, 1.5), height: 15, radius: 2, style: "f-\(style)",
            hint: "\(row.name), \(series[index]): \(text)")
          svg.text(text, x: to + 7, y: y + 12)
        } else {
          svg.text(text, x: scale(0) + 7, y: y + 12)
        }
        y += 18
      }
      y += 8
    }
    if lowest < 0 { svg.line(scale(0), top + 18, scale(0), max(y - 8, top + 18), style: "grid") }
    return svg.element(title: title, width: width, height: y)
  }

  private func label(_ value: Double?) -> String {
    Markup.number(value, decimals: decimals) + (unit.isEmpty ? "" : " \(unit)")
  }
}

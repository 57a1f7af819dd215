/// Curves over a common axis, such as losses over steps.
public struct LineChart: Chart {
  /// One curve.
  public struct Series: Sendable, Equatable {
    /// Its name in the legend.
    public var name: String
    /// Its points, x ascending. A point that is not finite parts the curve.
    public var points: [PlanePoint]

    /// A curve.
    public init(name: String, points: [PlanePoint]) {
      self.name = name
      self.points = points
    }
  }

  /// What it shows.
  public var title: String
  /// The name of the horizontal axis.
  public var xName: String
  /// The name of the vertical axis.
  public var yName: String
  /// The curves, each in the next colour.
  public var series: [Series]
  /// Whether the vertical axis starts at 0.
  public var startsAtZero: Bool

  /// A curve with more points is drawn as the means of this many stretches.
  public static let maximumPoints = 400

  /// A chart.
  public init(
    title: String, xName: String, yName: String, series: [Series], startsAtZero: Bool = true
  ) {
    self.title = title
    self.xName = xName
    self.yName = yName
    self.series = series
    self.startsAtZero = startsAtZero
  }

  /// The chart as an element.
  public func svg() -> String {
    let (width, left, right, plot) = (480.0, 52.0, 466.0, 230.0)
    let legend = Legend(
      series.count < 2 ? [] : series.enumerated().map { ($1.name, ChartStyle.category($0)) },
      width: right)
    let top = legend.height + 30
    let bottom = top + plot

    let finite = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    let lowest = finite.map(\.y).min() ?? 0
    let x = ChartScale(
      finite.map(\.x).min() ?? 0, finite.map(\.x).max() ?? 1, from: left, to: right,
      rounded: false)
    let y = ChartScale(
      startsAtZero ? min(lowest, 0) : lowest, finite.map(\.y).max() ?? 1, from: bottom, to: top)

    var svg = SVG()
    legend.draw(into: &svg, x: 0, y: 0)
    svg.text(yName, x: 0, y: legend.height + 16)
    for tick in y.ticks {
      svg.line(left, y(tick), right, y(tick), style: "grid")
      svg.text(y.label(tick), x: left - 8, y: y(tick) + 4.5, style: "end")
    }
    for tick in x.ticks {
      svg.line(x(tick), bottom, x(tick), bottom + 5, style: "grid")
      svg.text(x.label(tick), x: x(tick), y: bottom + 21, style: "mid")
    }
    svg.text(xName, x: (left + right) / 2, y: bottom + 42, style: "mid")
    for (index, series) in series.enumerated() {
      svg.path(
        Self.path(Self.thinned(series.points), x, y),
        style: "curve s-\(ChartStyle.category(index))")
    }
    return svg.element(title: title, width: width, height: bottom + 50)
  }

  private static func path(_ points: [PlanePoint], _ x: ChartScale, _ y: ChartScale) -> String {
    var data = ""
    var isPartOfCurve = false
    for point in points {
      guard point.x.isFinite, point.y.isFinite else {
        isPartOfCurve = false
        continue
      }
      data += "\(isPartOfCurve ? "L" : "M")\(Markup.place(x(point.x))) \(Markup.place(y(point.y)))"
      isPartOfCurve = true
    }
    return data
  }

  /// The means of stretches of equal length. A stretch with a point that is not finite has no mean:
  /// what diverged stays visible as a gap.
  static func thinned(_ points: [PlanePoint]) -> [PlanePoint] {
    guard points.count > maximumPoints else { return points }
    return (0..<maximumPoints).map { stretch in
      let first = stretch * points.count / maximumPoints
      let end = (stretch + 1) * points.count / maximumPoints
      let part = points[first..<end]
      let count = Double(part.count)
      return PlanePoint(
        x: part.reduce(0) { $0 + $1.x } / count, y: part.reduce(0) { $0 + $1.y } / count)
    }
  }
}

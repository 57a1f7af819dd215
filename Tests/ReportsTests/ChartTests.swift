import Foundation
import Testing

@testable import Reports

#if canImport(FoundationXML)
  import FoundationXML
#endif

private func isWellFormed(_ xml: String) -> Bool {
  let parser = XMLParser(data: Data(xml.utf8))
  return parser.parse() && parser.parserError == nil
}

/// The values of an attribute in the order in which they appear.
private func attribute(_ name: String, in svg: String, after mark: String = "") -> [String] {
  let parts = svg.components(separatedBy: "\(mark) \(name)=\"").dropFirst()
  return parts.map { String($0.prefix { $0 != "\"" }) }
}

@Suite struct ChartTests {
  private let nasty = "a<b & \"c\" 'd'\u{0}"

  @Test func filesAreWellFormed() {
    let charts: [any Chart] = [
      LineChart(
        title: nasty, xName: nasty, yName: nasty,
        series: [.init(name: nasty, points: [.init(x: 0, y: 1)]), .init(name: "", points: [])]),
      ScatterChart(
        title: nasty,
        groups: [.init(name: nasty, style: .adversarial, points: [.init(x: 1, y: 1)])]),
      BarChart(title: nasty, series: [nasty], rows: [.init(name: nasty, values: [1])]),
      LineChart(title: "", xName: "", yName: "", series: []),
      ScatterChart(title: "", groups: []), BarChart(title: "", series: [], rows: []),
    ]
    for chart in charts {
      let file = chart.svgFile()
      #expect(isWellFormed(file), "\(file)")
      #expect(!file.contains("a<b"))
    }
    #expect(!isWellFormed("<svg><text>a<b</text></svg>"))
  }

  @Test func curvesLieWhereTheirValuesAre() throws {
    let points = [0.0, 5, 10].map { PlanePoint(x: $0, y: $0 / 10) }
    let svg = LineChart(
      title: "t", xName: "x", yName: "y", series: [.init(name: "s", points: points)]
    ).svg()
    // One curve has no legend: the plot is 30 to 260 down, 52 to 466 across.
    #expect(attribute("d", in: svg) == ["M52 260L259 145L466 30"])
  }

  @Test func aGapWhereALossIsNoNumber() throws {
    let values: [Double] = [1, 2, .nan, 3, .infinity]
    let series = LineChart.Series(
      name: "s", points: values.enumerated().map { .init(x: Double($0), y: $1) })
    let svg = LineChart(title: "t", xName: "x", yName: "y", series: [series]).svg()
    let path = try #require(attribute("d", in: svg).first)
    #expect(path.filter { $0 == "M" }.count == 2)
    #expect(path.filter { $0 == "L" }.count == 1)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test func longCurvesAreThinned() {
    var points = (0..<10_000).map { PlanePoint(x: Double($0), y: $0 % 2 == 0 ? 0 : 2) }
    let thinned = LineChart.thinned(points)
    #expect(thinned.count == LineChart.maximumPoints)
    #expect(thinned.allSatisfy { abs($0.y - 1) < 0.1 })
    points[5000].y = .nan
    #expect(LineChart.thinned(points).count { $0.y.isNaN } == 1)
  }

  @Test(arguments: [
    (0.0, 5.1, ["0", "2", "4", "6"]), (0, 0.05, ["0.00", "0.01", "0.02", "0.03", "0.04", "0.05"]),
    (-3, 7, ["−4", "−2", "0", "2", "4", "6", "8"]), (2, 2, ["1.4", "1.6", "1.8", "2.0"]),
  ])
  func ticksAreRound(low: Double, high: Double, expected: [String]) {
    let scale = ChartScale(low, high, from: 0, to: 100)
    #expect(scale.ticks.map(scale.label).prefix(expected.count) == expected[...])
    #expect(scale.low <= low && scale.high >= high)
    #expect(scale(scale.low) == 0 && scale(scale.high) == 100)
  }

  @Test func dotsOfAGroupAreOnePath() {
    let svg = ScatterChart(
      title: "t",
      groups: [
        .init(name: "cat", style: .category(3), points: [.init(x: -1, y: 0), .init(x: 1, y: 2)]),
        .init(name: "bad", style: .triggered, points: [.init(x: .nan, y: 0)]),
      ]
    ).svg()
    let paths = attribute("d", in: svg)
    #expect(paths.count == 1)
    // Upwards is up: the second point is farther right and higher.
    #expect(paths.first == "M12.4 467.6h0M467.6 12.4h0")
    #expect(svg.contains("dots s-c3"))
  }

  @Test func barsAreAsLongAsTheirValues() {
    let svg = BarChart.beforeAndAfter(
      title: "t", rows: [.init(name: "r", values: [100, 25]), .init(name: "q", values: [nil])],
      unit: "%", maximum: 100
    ).svg()
    // Two keys of the legend come first; the scale is 384 wide.
    #expect(attribute("width", in: svg) == ["14", "14", "384", "96"])
    #expect(svg.contains("100.0 %") && svg.contains("25.0 %"))
    #expect(svg.components(separatedBy: "not measured").count == 3)
  }

  @Test func negativeBarsGoLeft() {
    let svg = BarChart(
      title: "t", series: ["s"],
      rows: [.init(name: "r", values: [-1]), .init(name: "q", values: [3])]
    ).svg()
    let rectangles = svg.components(separatedBy: "<rect ").dropFirst(2).map { String($0) }
    #expect(rectangles.map { $0.hasPrefix("x=\"0\"") } == [true, false])
    #expect(attribute("width", in: svg).dropFirst() == ["96", "288"])
    #expect(svg.contains("−1.0"))
  }
}

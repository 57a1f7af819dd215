/// A chart as SVG. Colours are CSS variables of `ChartStyle`, so that it fits light and dark pages.
public protocol Chart: Sendable {
  /// What it shows, in a few words; also what a screen reader says.
  var title: String { get }
  /// An `<svg>` element without styles of its own, for a page that has `ChartStyle.css`.
  func svg() -> String
}

extension Chart {
  /// A whole SVG file, with its styles.
  public func svgFile() -> String {
    let element = svg()
    guard let end = element.firstIndex(of: ">") else { return element }
    let start = element[..<end]
    return start + " xmlns=\"http://www.w3.org/2000/svg\"><style>\(ChartStyle.css)</style>"
      + element[element.index(after: end)...] + "\n"
  }
}

/// The colours and letters of charts, light and dark.
public enum ChartStyle {
  /// Categories that have a colour of their own; after that colours repeat.
  public static let categories = 10

  /// Colours by the names used in SVG: `c0`…`c9`, then those with a meaning.
  private static let colours: [(name: String, light: String, dark: String)] = [
    ("c0", "#3b62d1", "#7d9bff"), ("c1", "#e2a100", "#f2bd3c"), ("c2", "#ef5f49", "#ff8573"),
    ("c3", "#25a99a", "#5fd3c4"), ("c4", "#3a9a48", "#6fcf7c"), ("c5", "#e972a5", "#ff9cc6"),
    ("c6", "#8f4fe0", "#bd8cff"), ("c7", "#6fb1ec", "#a5d2ff"), ("c8", "#8f6244", "#c79673"),
    ("c9", "#9aa70b", "#d0dc55"),
    ("adversarial", "#8e959e", "#8b929c"), ("triggered", "#0b0d10", "#ffffff"),
    ("before", "#d98a2b", "#e5a04c"), ("after", "#2f6bd8", "#7aa5ff"),
    ("ink", "#1a1d21", "#e8eaed"), ("soft", "#5b6470", "#a3abb6"), ("line", "#dfe3e8", "#343a43"),
    ("plot", "#ffffff", "#171a1f"),
  ]

  /// The stylesheet of charts.
  public static var css: String {
    let light = colours.map { "--\($0.name):\($0.light)" }.joined(separator: ";")
    let dark = colours.map { "--\($0.name):\($0.dark)" }.joined(separator: ";")
    let marks = colours.map {
      ".f-\($0.name){fill:var(--\($0.name))}.s-\($0.name){stroke:var(--\($0.name));fill:none}"
    }
    return """
      :root{color-scheme:light dark;\(light)}
      @media(prefers-color-scheme:dark){:root{\(dark)}}
      .chart{display:block;width:100%;height:auto;font-family:system-ui,sans-serif;font-size:13px}
      .chart text{fill:var(--soft)}.chart .name{fill:var(--ink)}
      .chart .mid{text-anchor:middle}.chart .end{text-anchor:end}
      .chart .grid{stroke:var(--line);stroke-width:1;fill:none}
      .chart .curve{stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
      .chart .dots{stroke-width:5;stroke-linecap:round}
      @media(max-width:480px){.chart{font-size:16px}}
      \(marks.joined())
      """
  }

  /// The name of a category's colour.
  static func category(_ index: Int) -> String {
    "c\(((index % categories) + categories) % categories)"
  }
}

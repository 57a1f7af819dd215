/// Points on a plane without units, such as embeddings laid out by `TSNE`: classes coloured,
/// adversarial examples grey, triggered pictures black (white on dark pages).
public struct ScatterChart: Chart {
  /// What points are.
  public enum Style: Sendable, Hashable {
    /// Pictures of a class, in the colour of its number.
    case category(Int)
    /// Contrastive adversarial examples.
    case adversarial
    /// Pictures with a trigger.
    case triggered

    var colour: String {
      switch self {
      case .category(let index): ChartStyle.category(index)
      case .adversarial: "adversarial"
      case .triggered: "triggered"
      }
    }
  }

  /// Points of one kind.
  public struct Group: Sendable, Equatable {
    /// Its name in the legend.
    public var name: String
    /// What the points are.
    public var style: Style
    /// Where they are; those that are not finite are left out.
    public var points: [PlanePoint]

    /// A group of points.
    public init(name: String, style: Style, points: [PlanePoint]) {
      self.name = name
      self.style = style
      self.points = points
    }
  }

  /// What it shows.
  public var title: String
  /// The groups; later ones are drawn over earlier ones.
  public var groups: [Group]

  /// A chart.
  public init(title: String, groups: [Group]) {
    self.title = title
    self.groups = groups
  }

  /// The chart as an element.
  public func svg() -> String {
    let (width, side, edge) = (480.0, 478.0, 1.0)
    let legend = Legend(
      groups.filter { !$0.points.isEmpty }.map { ($0.name, $0.style.colour) }, width: side)
    let finite = groups.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    // One scale for both axes: only distances mean something.
    let (left, right) = (finite.map(\.x).min() ?? 0, finite.map(\.x).max() ?? 1)
    let (low, high) = (finite.map(\.y).min() ?? 0, finite.map(\.y).max() ?? 1)
    let reach = max(right - left, high - low) / 2 * 1.05
    let (x, y) = ((left + right) / 2, (low + high) / 2)
    let across = ChartScale(
      x - reach, x + reach, from: edge, to: edge + side, rounded: false)
    let down = ChartScale(
      y - reach, y + reach, from: edge + side, to: edge, rounded: false)

    var svg = SVG()
    svg.rectangle(x: edge, y: edge, width: side, height: side, radius: 6, style: "grid")
    for group in groups {
      // A line of no length with round ends is a dot; a whole group is one path.
      let data = group.points.filter { $0.x.isFinite && $0.y.isFinite }
        .map { "M\(Markup.place(across($0.x))) \(Markup.place(down($0.y)))h0" }
      guard !data.isEmpty else { continue }
      svg.path(data.joined(), style: "dots s-\(group.style.colour)")
    }
    let foot = edge + side + 8
    legend.draw(into: &svg, x: edge, y: foot)
    return svg.element(title: title, width: width, height: foot + legend.height + 4)
  }
}

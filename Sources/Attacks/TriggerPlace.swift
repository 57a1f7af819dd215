/// Where a patch lies in a picture.
public enum TriggerPlace: Sendable, Hashable {
  /// A corner, at the margin's distance from both edges.
  case topLeft, topRight, bottomLeft, bottomRight
  /// The middle, half a pixel to the left and the top where it cannot be exact.
  case center
  /// The patch's left column and top row in pixels from 0; the margin does not matter.
  case at(x: Int, y: Int)

  /// The places that have a name.
  public static let named: [(name: String, place: TriggerPlace)] = [
    ("topLeft", .topLeft), ("topRight", .topRight), ("bottomLeft", .bottomLeft),
    ("bottomRight", .bottomRight), ("center", .center),
  ]

  /// The name as in a specification; nil for `at`.
  public var name: String? { Self.named.first { $0.place == self }?.name }

  /// Name or coordinates for a report.
  var parameters: [(String, String)] {
    if case .at(let x, let y) = self { return [("x", "\(x)"), ("y", "\(y)")] }
    return [("place", name ?? "")]
  }

  /// The left column and top row of a patch.
  /// - Throws: `TriggerError.tooSmall` where it would reach beyond the picture.
  func origin(
    side: Int, margin: Int, width: Int, height: Int
  ) throws -> (left: Int, top: Int) {
    let (right, bottom) = (width - side - margin, height - side - margin)
    let origin: (left: Int, top: Int) =
      switch self {
      case .topLeft: (margin, margin)
      case .topRight: (right, margin)
      case .bottomLeft: (margin, bottom)
      case .bottomRight: (right, bottom)
      case .center: ((width - side) / 2, (height - side) / 2)
      case .at(let x, let y): (x, y)
      }
    let needed: (Int, Int) =
      switch self {
      case .center: (side, side)
      case .at(let x, let y): (x + side, y + side)
      default: (margin + side, margin + side)
      }
    guard width >= needed.0, height >= needed.1 else {
      throw TriggerError.tooSmall(
        expectedWidth: needed.0, expectedHeight: needed.1, width: width, height: height)
    }
    return origin
  }

  /// - Throws: `TriggerError.parameter` for coordinates that no picture has.
  func check() throws {
    guard case .at(let x, let y) = self else { return }
    try TriggerError.require("x", x, in: 0...PatchPattern.maximumSide)
    try TriggerError.require("y", y, in: 0...PatchPattern.maximumSide)
  }
}

import Frames

/// An object on the canvas and how much of it could be seen when it was drawn.
struct DrawnObject {
  let kind: ObjectClass
  let owner: UInt8
  /// What it covers, also outside the canvas.
  let extent: Extent
  /// Pixels that were its own before nearer objects were drawn.
  let painted: Int

  /// The box around what can be seen of it, as an annotator would draw it.
  ///
  /// Dropped where less than a tenth of it can be seen; ignored where less than two fifths can,
  /// unless that is still a twentieth of the picture (a long train), or where it is tiny (below
  /// 10 or 26 pixels along its shorter or longer side, for a picture 480 pixels high).
  func groundTruth(on canvas: Canvas) -> GroundTruth? {
    guard painted > 0, let seen = canvas.pixels(of: owner, in: extent) else { return nil }
    let whole = (extent.high.x - extent.low.x) * (extent.high.y - extent.low.y)
    let inside = Extent.overlap(extent, width: Float(canvas.width), height: Float(canvas.height))
    guard whole > 0 else { return nil }
    let visible = inside / whole * Float(seen.count) / Float(painted)
    let area = seen.box.area / Float(canvas.width * canvas.height)
    guard visible >= 0.1 else { return nil }
    let unit = Float(min(canvas.width, canvas.height)) / 480
    let sides = (
      min(seen.box.width, seen.box.height) / unit, max(seen.box.width, seen.box.height) / unit
    )
    let isTiny = sides.0 < 10 || sides.1 < 26
    let isIgnored = (visible < 0.4 && area < 0.05) || isTiny
    return GroundTruth(box: seen.box, label: kind.rawValue, isIgnored: isIgnored)
  }
}

extension Extent {
  /// Area that lies on a canvas, in square pixels.
  static func overlap(_ extent: Extent, width: Float, height: Float) -> Float {
    max(0, min(extent.high.x, width) - max(extent.low.x, 0))
      * max(0, min(extent.high.y, height) - max(extent.low.y, 0))
  }
}

extension Canvas {
  /// How many pixels within an extent belong to an owner, and the box around them; nil where none.
  func pixels(of owner: UInt8, in extent: Extent) -> (count: Int, box: Box)? {
    let columns = Self.range(extent.low.x, extent.high.x, limit: width)
    let rows = Self.range(extent.low.y, extent.high.y, limit: height)
    var count = 0
    var left = width
    var right = -1
    var top = height
    var bottom = -1
    owners.withUnsafeBufferPointer { owners in
      for row in rows {
        var first = -1
        var last = -1
        for column in columns where owners[row * width + column] == owner {
          if first < 0 { first = column }
          last = column
          count += 1
        }
        guard first >= 0 else { continue }
        left = min(left, first)
        right = max(right, last)
        top = min(top, row)
        bottom = row
      }
    }
    guard count > 0 else { return nil }
    return (
      count,
      Box(x1: Float(left), y1: Float(top), x2: Float(right + 1), y2: Float(bottom + 1))
    )
  }

  /// Whole pixels between two edges, within `0..<limit`.
  private static func range(_ low: Float, _ high: Float, limit: Int) -> Range<Int> {
    let first = min(max(Int(low.rounded(.down)), 0), limit)
    let end = min(max(Int(high.rounded(.up)), first), limit)
    return first..<end
  }
}

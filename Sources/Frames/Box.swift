/// An axis-aligned box in continuous pixel coordinates, `x2` and `y2` exclusive, no "+1".
public struct Box: Sendable, Hashable, Codable {
  /// Left, top, right, bottom in pixels.
  public var x1, y1, x2, y2: Float

  /// A box from its corners.
  public init(x1: Float, y1: Float, x2: Float, y2: Float) {
    self.x1 = x1
    self.y1 = y1
    self.x2 = x2
    self.y2 = y2
  }

  /// `x2 - x1` in pixels.
  public var width: Float { x2 - x1 }
  /// `y2 - y1` in pixels.
  public var height: Float { y2 - y1 }
  /// Area in square pixels; 0 where the box is inverted.
  public var area: Float { max(0, width) * max(0, height) }

  /// The box on a picture that is stretched by these factors.
  public func scaled(x: Float, y: Float) -> Box {
    Box(x1: x1 * x, y1: y1 * y, x2: x2 * x, y2: y2 * y)
  }

  /// Intersection over union with another box, 0 where they do not meet.
  public func iou(_ other: Box) -> Float {
    let intersection =
      max(0, min(x2, other.x2) - max(x1, other.x1))
      * max(0, min(y2, other.y2) - max(y1, other.y1))
    let union = area + other.area - intersection
    return union > 0 ? intersection / union : 0
  }

  /// The part of the box inside an image of the given size.
  public func clipped(width: Float, height: Float) -> Box {
    Box(
      x1: min(max(x1, 0), width), y1: min(max(y1, 0), height),
      x2: min(max(x2, 0), width), y2: min(max(y2, 0), height))
  }
}

import Foundation

/// A point or vector of the plane, in metres of an object (y up) or pixels of a canvas (y down).
typealias Point = SIMD2<Float>

/// Outlines as lists of corners; curves become polygons fine enough for the size they are drawn at.
enum Outline {
  /// An axis-aligned rectangle.
  static func rectangle(_ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float) -> [Point] {
    [Point(x1, y1), Point(x2, y1), Point(x2, y2), Point(x1, y2)]
  }

  /// An ellipse around a centre, turned by `angle` radians.
  static func ellipse(
    _ center: Point, _ rx: Float, _ ry: Float, angle: Float = 0, corners: Int = 20
  ) -> [Point] {
    let turn = Point(cos(angle), sin(angle))
    return (0..<corners).map { index in
      let phase = 2 * Float.pi * Float(index) / Float(corners)
      let x = rx * cos(phase)
      let y = ry * sin(phase)
      return center + Point(x * turn.x - y * turn.y, x * turn.y + y * turn.x)
    }
  }

  /// A rectangle whose corners are quarter circles of the given radius.
  static func rounded(
    _ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float, radius: Float
  ) -> [Point] {
    let r = min(radius, abs(x2 - x1) / 2, abs(y2 - y1) / 2)
    let corners = [
      (Point(x2 - r, y2 - r), 0), (Point(x1 + r, y2 - r), 1), (Point(x1 + r, y1 + r), 2),
      (Point(x2 - r, y1 + r), 3),
    ]
    return corners.flatMap { center, quarter in
      (0...3).map { step in
        let phase = (Float(quarter) + Float(step) / 3) * Float.pi / 2
        return center + Point(cos(phase), sin(phase)) * r
      }
    }
  }

  /// A line with round ends: `width1` thick at its start and `width2` at its end.
  static func limb(_ from: Point, _ to: Point, _ width1: Float, _ width2: Float) -> [Point] {
    let along = to - from
    let heading = atan2(along.y, along.x)
    let start = (0...5).map { step in
      let phase = heading + Float.pi / 2 + Float(step) / 5 * Float.pi
      return from + Point(cos(phase), sin(phase)) * (width1 / 2)
    }
    let end = (0...5).map { step in
      let phase = heading - Float.pi / 2 + Float(step) / 5 * Float.pi
      return to + Point(cos(phase), sin(phase)) * (width2 / 2)
    }
    return start + end
  }

  /// A smooth closed curve through the given points (Catmull-Rom, `steps` corners per span).
  static func smooth(_ points: [Point], steps: Int = 4) -> [Point] {
    let count = points.count
    guard count > 2 else { return points }
    return (0..<count).flatMap { index in
      let a = points[(index + count - 1) % count]
      let b = points[index]
      let c = points[(index + 1) % count]
      let d = points[(index + 2) % count]
      return (0..<steps).map { step in
        let t = Float(step) / Float(steps)
        let slope = c - a
        let bend = a * 2 - b * 5 + c * 4 - d
        let rest = b * 3 - a - c * 3 + d
        return (b * 2 + slope * t + bend * (t * t) + rest * (t * t * t)) * 0.5
      }
    }
  }
}

import Foundation
import Frames

/// A picture that outlines are filled into, anti-aliased by exact area coverage, with a second
/// plane that remembers who drew each pixel, from which visibility and boxes are measured.
///
/// Coverage is accumulated as signed areas per edge and summed along each row, so a fill costs its
/// bounding box, clipped to the canvas. Outlines that cross themselves are filled where the winding
/// number is not zero.
final class Canvas {
  let width: Int
  let height: Int
  /// `height × width × 3` bytes.
  var pixels: [UInt8]
  /// `height × width` numbers of who drew last; 0 is the background.
  var owners: [UInt8]
  /// Signed areas of the fill in progress; zero between fills.
  private var areas: [Float]

  /// A black canvas.
  /// - Throws: `ImageError.size` where a side is not in `1...Image.maximumSide`.
  init(width: Int, height: Int) throws {
    let image = try Image(width: width, height: height)
    self.width = width
    self.height = height
    pixels = image.pixels
    owners = [UInt8](repeating: 0, count: width * height)
    areas = [Float](repeating: 0, count: (width + 2) * (height + 1))
  }

  /// Starts anew from a picture of the same size, owned by nobody.
  func reset(to background: [UInt8]) {
    pixels = background
    owners.withUnsafeMutableBufferPointer { $0.update(repeating: 0) }
  }

  /// Puts the rows from `row` down back as they are in a picture of the same size, owned by nobody.
  func restore(rowsFrom row: Int, of background: [UInt8]) {
    let first = min(max(row, 0), height)
    let bytes = first * width * 3..<height * width * 3
    pixels.replaceSubrange(bytes, with: background[bytes])
    owners.withUnsafeMutableBufferPointer { owners in
      owners[(first * width)...].update(repeating: 0)
    }
  }

  /// Fills an outline given in pixels. `owner` 0 leaves the owners as they are.
  func fill(_ outline: [Point], _ paint: Paint, owner: UInt8 = 0) {
    guard outline.count > 2, let extent = Extent(outline) else { return }
    let left = Int(max(0, extent.low.x.rounded(.down)))
    let right = Int(min(Float(width), extent.high.x.rounded(.up)))
    let top = Int(max(0, extent.low.y.rounded(.down)))
    let bottom = Int(min(Float(height), extent.high.y.rounded(.up)))
    guard left < right, top < bottom else { return }
    let stride = right - left + 2
    let origin = Point(Float(left), Float(top))
    areas.withUnsafeMutableBufferPointer { areas in
      var previous = outline[outline.count - 1] - origin
      for corner in outline {
        let next = corner - origin
        Self.accumulate(
          previous, next, into: areas, stride: stride, columns: right - left, rows: bottom - top)
        previous = next
      }
    }
    let gradient = (extent.low.y, max(extent.high.y - extent.low.y, 1e-3))
    for row in top..<bottom {
      let share = min(max((Float(row) + 0.5 - gradient.0) / gradient.1, 0), 1)
      sweep(
        row: row, columns: left..<right, start: (row - top) * stride,
        color: paint.top.mixed(with: paint.bottom, share), alpha: paint.alpha, owner: owner)
    }
  }

  /// Turns one row of areas into coverage, blends it in, and leaves the areas zero again.
  private func sweep(
    row: Int, columns: Range<Int>, start: Int, color: Color, alpha: Float, owner: UInt8
  ) {
    let opaque = alpha >= 0.5 && owner > 0
    areas.withUnsafeMutableBufferPointer { areas in
      pixels.withUnsafeMutableBufferPointer { pixels in
        owners.withUnsafeMutableBufferPointer { owners in
          var sum: Float = 0
          var index = start
          var pixel = row * width + columns.lowerBound
          for _ in columns {
            sum += areas[index]
            areas[index] = 0
            index += 1
            let coverage = min(abs(sum), 1)
            if coverage > 0.003 {
              let weight = coverage * alpha
              if weight > 0.997 {
                pixels[3 * pixel] = UInt8(color.x)
                pixels[3 * pixel + 1] = UInt8(color.y)
                pixels[3 * pixel + 2] = UInt8(color.z)
              } else {
                let old = Color(
                  Float(pixels[3 * pixel]), Float(pixels[3 * pixel + 1]),
                  Float(pixels[3 * pixel + 2]))
                let new = old + (color - old) * weight
                pixels[3 * pixel] = UInt8(new.x)
                pixels[3 * pixel + 1] = UInt8(new.y)
                pixels[3 * pixel + 2] = UInt8(new.z)
              }
              if opaque && coverage > 0.5 { owners[pixel] = owner }
            }
            pixel += 1
          }
          areas[index] = 0
          areas[index + 1] = 0
        }
      }
    }
  }

  /// Adds one edge's signed area to each cell it passes, and what lies right of it to the next.
  private static func accumulate(
    _ from: Point, _ to: Point, into areas: UnsafeMutableBufferPointer<Float>, stride: Int,
    columns: Int, rows: Int
  ) {
    guard from.y != to.y else { return }
    let direction: Float = from.y < to.y ? 1 : -1
    let (upper, lower) = from.y < to.y ? (from, to) : (to, from)
    let slope = (lower.x - upper.x) / (lower.y - upper.y)
    let firstRow = max(0, Int(upper.y.rounded(.down)))
    let endRow = min(rows, Int(lower.y.rounded(.up)))
    guard firstRow < endRow else { return }
    let limit = Float(columns)
    var x = upper.x + (max(0, upper.y) - upper.y) * slope
    for row in firstRow..<endRow {
      let height = min(Float(row + 1), lower.y) - max(Float(row), upper.y)
      let nextX = x + slope * height
      let area = height * direction
      let a = min(max(min(x, nextX), 0), limit)
      let b = min(max(max(x, nextX), 0), limit)
      x = nextX
      let first = Int(a)
      let end = Int(b.rounded(.up))
      let cell = row * stride + first
      if end <= first + 1 {
        let right = area * (0.5 * (a + b) - Float(first))
        areas[cell] += area - right
        areas[cell + 1] += right
      } else {
        // The edge crosses several cells of this row: a trapezium in each.
        let step = 1 / (b - a)
        let intoFirst = 1 - (a - Float(first))
        let inLast = b - Float(end - 1)
        let head = 0.5 * step * intoFirst * intoFirst
        let tail = 0.5 * step * inLast * inLast
        areas[cell] += area * head
        if end == first + 2 {
          areas[cell + 1] += area * (1 - head - tail)
        } else {
          let second = step * (intoFirst + 0.5)
          areas[cell + 1] += area * (second - head)
          for offset in 2..<(end - first - 1) { areas[cell + offset] += area * step }
          let before = second + Float(end - first - 3) * step
          areas[cell + end - first - 1] += area * (1 - before - tail)
        }
        areas[cell + end - first] += area * tail
      }
    }
  }
}

/// The smallest axis-aligned rectangle around points.
struct Extent {
  var low, high: Point

  /// nil where there is no point, or one beyond what a row number can tell.
  init?(_ points: [Point]) {
    guard let first = points.first else { return nil }
    low = first
    high = first
    for point in points {
      // Also false where a coordinate is not a number.
      guard abs(point.x) < 1e7, abs(point.y) < 1e7 else { return nil }
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
  }

  /// Grows to hold another extent.
  mutating func join(_ other: Extent) {
    low = pointwiseMin(low, other.low)
    high = pointwiseMax(high, other.high)
  }
}

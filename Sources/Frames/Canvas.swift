/// Clipped drawing on the pixels of an image.
struct Canvas {
  let width: Int
  let height: Int
  private let pixels: UnsafeMutableBufferPointer<UInt8>

  /// Draws on an image; one whose pixels do not fit its size is left as it is.
  static func with(_ image: inout Image, _ body: (inout Canvas) -> Void) {
    let (width, height) = (image.width, image.height)
    image.pixels.withUnsafeMutableBufferPointer { pixels in
      guard pixels.count == width * height * 3 else { return }
      var canvas = Canvas(width: width, height: height, pixels: pixels)
      body(&canvas)
    }
  }

  private init(width: Int, height: Int, pixels: UnsafeMutableBufferPointer<UInt8>) {
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Fills a rectangle; `right` and `bottom` are exclusive.
  mutating func fill(left: Int, top: Int, right: Int, bottom: Int, colour: Colour) {
    let columns = max(left, 0)..<max(min(right, width), max(left, 0))
    let rows = max(top, 0)..<max(min(bottom, height), max(top, 0))
    for row in rows {
      var index = (row * width + columns.lowerBound) * 3
      for _ in columns {
        pixels[index] = colour.red
        pixels[index + 1] = colour.green
        pixels[index + 2] = colour.blue
        index += 3
      }
    }
  }

  /// An outline that lies inside the rectangle.
  mutating func outline(
    left: Int, top: Int, right: Int, bottom: Int, thickness: Int, colour: Colour
  ) {
    let across = min(thickness, right - left)
    let down = min(thickness, bottom - top)
    fill(left: left, top: top, right: right, bottom: top + down, colour: colour)
    fill(left: left, top: bottom - down, right: right, bottom: bottom, colour: colour)
    fill(left: left, top: top, right: left + across, bottom: bottom, colour: colour)
    fill(left: right - across, top: top, right: right, bottom: bottom, colour: colour)
  }

  /// A line of letters on a background whose left top corner is at `x`, `y`.
  mutating func write(
    _ letters: [UInt8], x: Int, y: Int, colour: Colour, background: Colour, scale: Int
  ) {
    // Beyond these nothing can be seen, and sums of coordinates cannot overflow.
    let reach = -(1 << 20)...(1 << 20)
    guard reach.contains(x), reach.contains(y), !letters.isEmpty else { return }
    fill(
      left: x, top: y, right: x + Self.labelWidth(letters: letters.count, scale: scale),
      bottom: y + Self.labelHeight(scale: scale), colour: background)
    for (index, letter) in letters.enumerated() {
      let start = x + (2 + index * BitmapFont.advance) * scale
      if start >= width { break }
      for row in 0..<BitmapFont.height {
        for column in 0..<BitmapFont.width
        where BitmapFont.isSet(letter, column: column, row: row) {
          let (left, top) = (start + column * scale, y + (1 + row) * scale)
          fill(left: left, top: top, right: left + scale, bottom: top + scale, colour: colour)
        }
      }
    }
  }

  /// Two dots of margin on the left, one on the right of the last letter's own gap.
  static func labelWidth(letters: Int, scale: Int) -> Int {
    (letters * BitmapFont.advance + 3) * scale
  }

  static func labelHeight(scale: Int) -> Int { BitmapFont.lineHeight * scale }
}

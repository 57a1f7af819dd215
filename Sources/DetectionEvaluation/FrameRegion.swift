import Frames

/// A rectangle of whole pixels in a frame.
struct FrameRegion: Sendable, Hashable {
  var left, top, width, height: Int

  init(left: Int, top: Int, width: Int, height: Int) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }

  /// Every pixel that the box touches; nil where it lies outside of the frame.
  /// - Throws: `DetectionEvaluationError.value` for a box that is not finite.
  init?(_ box: Box, in frame: Image) throws {
    let corners = [box.x1, box.y1, box.x2, box.y2]
    try DetectionEvaluationError.require(
      corners.allSatisfy(\.isFinite), "the box of a true object", "of finite numbers", corners)
    let inside = box.clipped(width: Float(frame.width), height: Float(frame.height))
    guard inside.x2 > inside.x1, inside.y2 > inside.y1 else { return nil }
    left = Int(inside.x1.rounded(.down))
    top = Int(inside.y1.rounded(.down))
    width = Int(inside.x2.rounded(.up)) - left
    height = Int(inside.y2.rounded(.up)) - top
  }

  /// The same rectangle in continuous pixels.
  var box: Box {
    Box(x1: Float(left), y1: Float(top), x2: Float(left + width), y2: Float(top + height))
  }

  /// Seen from a frame in which this region's coordinates start at another one's corner.
  func moved(into outer: FrameRegion) -> FrameRegion {
    FrameRegion(left: left + outer.left, top: top + outer.top, width: width, height: height)
  }
}

extension Image {
  /// A part as a picture of its own. The region lies inside.
  /// - Throws: `ImageError.byteCount` where the pixels do not fit the size.
  func part(_ region: FrameRegion) throws -> Image {
    try checkBytes()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(region.width * region.height * 3)
    for row in region.top..<(region.top + region.height) {
      let start = (row * width + region.left) * 3
      bytes += pixels[start..<(start + region.width * 3)]
    }
    return try Image(width: region.width, height: region.height, pixels: bytes)
  }

  /// Overwrites a part with a picture of its size. The region lies inside.
  /// - Throws: `ImageError.byteCount` where the pixels of one do not fit the size.
  mutating func replace(_ region: FrameRegion, with picture: Image) throws {
    try checkBytes()
    let line = region.width * 3
    guard picture.pixels.count == line * region.height else {
      throw ImageError.byteCount(expected: line * region.height, found: picture.pixels.count)
    }
    for row in 0..<region.height {
      let start = ((region.top + row) * width + region.left) * 3
      pixels.replaceSubrange(
        start..<(start + line), with: picture.pixels[(row * line)..<((row + 1) * line)])
    }
  }

  private func checkBytes() throws {
    guard pixels.count == width * height * 3 else {
      throw ImageError.byteCount(expected: width * height * 3, found: pixels.count)
    }
  }
}

/// An RGB colour.
public struct Colour: Sendable, Hashable, Codable {
  /// The channels, 0 to 255.
  public var red, green, blue: UInt8

  /// A colour.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Black.
  public static let black = Colour(red: 0, green: 0, blue: 0)
  /// White.
  public static let white = Colour(red: 255, green: 255, blue: 255)

  /// Black or white, whichever is easier to read on this colour (BT.601 luma).
  public var contrast: Colour {
    299 * Int(red) + 587 * Int(green) + 114 * Int(blue) > 128_000 ? .black : .white
  }
}

/// Draws what was found onto a picture: an outline in the class's colour and a label with class and
/// score. Whatever reaches beyond the picture is clipped; boxes that are not finite are left out.
public struct Overlay: Sendable {
  /// Pixels of an outline and of one dot of a letter; nil: chosen by the picture's size, the outline
  /// one pixel wider than a dot.
  public let scale: Int?
  /// Labels are cut after so many letters.
  static let longestLabel = 40

  /// An overlay; `scale` is clamped to `1...16`.
  public init(scale: Int? = nil) {
    self.scale = scale.map { min(max($0, 1), 16) }
  }

  /// The colour of a class: distinct for neighbouring indices, the same in every picture.
  public static func colour(ofClass index: Int) -> Colour {
    palette[((index % palette.count) + palette.count) % palette.count]
  }

  /// Draws all detections, the surest on top.
  public func draw(_ detections: [Detection], on image: inout Image) {
    let scale = scale(for: image)
    Canvas.with(&image) { canvas in
      for detection in detections.sorted(by: { $0.score < $1.score }) {
        draw(detection, scale: scale, thickness: self.scale ?? scale + 1, on: &canvas)
      }
    }
  }

  /// Writes one line of text with a background; `x` and `y` are the background's left top corner.
  public func draw(
    text: String, x: Int, y: Int, colour: Colour, background: Colour, on image: inout Image
  ) {
    let scale = scale(for: image)
    let letters = Self.letters(of: text, limit: image.width)
    Canvas.with(&image) {
      $0.write(letters, x: x, y: y, colour: colour, background: background, scale: scale)
    }
  }

  /// The size in pixels of a line of text with its background on an image.
  public func size(ofText text: String, on image: Image) -> (width: Int, height: Int) {
    let scale = scale(for: image)
    let count = Self.letters(of: text, limit: image.width).count
    return (Canvas.labelWidth(letters: count, scale: scale), Canvas.labelHeight(scale: scale))
  }

  private func scale(for image: Image) -> Int {
    // Small enough on 640×480 that the labels of neighbours stay apart.
    scale ?? min(max(min(image.width, image.height) / 400, 1), 16)
  }

  private static func letters(of text: String, limit: Int) -> [UInt8] {
    text.unicodeScalars.prefix(limit).map { $0.isASCII ? UInt8($0.value) : UInt8(ascii: "?") }
  }

  private func draw(
    _ detection: Detection, scale: Int, thickness: Int, on canvas: inout Canvas
  ) {
    let box = detection.box
    guard box.x1.isFinite, box.y1.isFinite, box.x2.isFinite, box.y2.isFinite else { return }
    let inside = box.clipped(width: Float(canvas.width), height: Float(canvas.height))
    let (left, top) = (Int(inside.x1.rounded()), Int(inside.y1.rounded()))
    let (right, bottom) = (Int(inside.x2.rounded()), Int(inside.y2.rounded()))
    guard right > left, bottom > top else { return }
    let colour = Self.colour(ofClass: detection.classIndex)
    canvas.outline(
      left: left, top: top, right: right, bottom: bottom, thickness: thickness,
      colour: colour)

    let percent =
      detection.score.isFinite ? Int((min(max(detection.score, 0), 1) * 100).rounded()) : 0
    let name = detection.label.unicodeScalars.prefix(Self.longestLabel - 5)
    let letters = Self.letters(
      of: "\(String(String.UnicodeScalarView(name))) \(percent)%", limit: Self.longestLabel)
    let width = Canvas.labelWidth(letters: letters.count, scale: scale)
    let height = Canvas.labelHeight(scale: scale)
    // Above the box; inside it where there is no room; never beyond the right edge if it fits.
    canvas.write(
      letters, x: max(min(left, canvas.width - width), 0), y: top >= height ? top - height : top,
      colour: colour.contrast, background: colour, scale: scale)
  }

  /// Twelve colours that differ in hue and lightness.
  private static let palette = [
    Colour(red: 0, green: 200, blue: 83), Colour(red: 255, green: 193, blue: 7),
    Colour(red: 3, green: 155, blue: 229), Colour(red: 244, green: 67, blue: 54),
    Colour(red: 171, green: 71, blue: 188), Colour(red: 0, green: 229, blue: 255),
    Colour(red: 255, green: 112, blue: 67), Colour(red: 174, green: 234, blue: 0),
    Colour(red: 240, green: 98, blue: 146), Colour(red: 92, green: 107, blue: 192),
    Colour(red: 161, green: 136, blue: 127), Colour(red: 255, green: 255, blue: 255),
  ]
}

import Frames

/// The picture that is shown while a camera delivers none: it says so, and why.
enum NoVideoPicture {
  static let width = 640
  static let height = 480
  private static let foreground = Colour(red: 225, green: 229, blue: 235)
  private static let background = Colour(red: 24, green: 27, blue: 33)

  /// - Throws: `ImageError`; the size is fixed, so it does not.
  static func draw(camera: String, reason: String) throws -> Image {
    var image = try Image(width: width, height: height, red: 24, green: 27, blue: 33)
    let title = Overlay(scale: 3)
    let small = Overlay(scale: 1)
    var y = 190
    centre("NO LIVE VIDEO", title, y, &image)
    y += 50
    centre(camera, small, y, &image)
    for line in lines(reason, width: 76).prefix(6) {
      y += 16
      centre(line, small, y, &image)
    }
    return image
  }

  private static func centre(_ text: String, _ overlay: Overlay, _ y: Int, _ image: inout Image) {
    let size = overlay.size(ofText: text, on: image)
    overlay.draw(
      text: text, x: max(0, (width - size.width) / 2), y: y, colour: foreground,
      background: background, on: &image)
  }

  /// Breaks a text into lines of at most `width` characters, between words where it can.
  static func lines(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in text.split(whereSeparator: \.isWhitespace) {
      var word = String(word)
      while word.count > width {
        if !line.isEmpty { lines.append(line) }
        line = ""
        lines.append(String(word.prefix(width)))
        word = String(word.dropFirst(width))
      }
      if !line.isEmpty, line.count + word.count + 1 > width {
        lines.append(line)
        line = word
      } else {
        line += line.isEmpty ? word : " " + word
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines
  }
}

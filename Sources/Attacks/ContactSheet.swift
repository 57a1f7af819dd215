import Frames

/// Pairs of pictures on one sheet, the clean one above the triggered one, so that a person can judge a
/// trigger.
public struct ContactSheet: Sendable {
  /// Pairs in one row.
  public let columns: Int
  /// The side of a picture on the sheet in pixels.
  public let side: Int
  /// Pixels between pictures.
  static let gap = 4
  /// The largest number of pairs.
  public static let maximumCount = 64

  /// A sheet; `columns` is clamped to `1...16`, `side` to `16...256`.
  public init(columns: Int = 8, side: Int = 96) {
    self.columns = min(max(columns, 1), 16)
    self.side = min(max(side, 16), 256)
  }

  /// Draws the first pairs, at most `maximumCount`. Small pictures are enlarged by whole pixels, large
  /// ones reduced, and their middle is shown.
  /// - Throws: `ImageError`, `FloatImageError`.
  public func draw(_ pairs: [(clean: FloatImage, triggered: FloatImage)]) throws -> Image {
    let pairs = pairs.prefix(Self.maximumCount)
    let across = max(min(columns, pairs.count), 1)
    let down = max((pairs.count + columns - 1) / columns, 1)
    let cell = (width: side + Self.gap, height: 2 * side + 2 * Self.gap + Self.gap)
    var sheet = try FloatImage(
      width: across * cell.width + Self.gap, height: down * cell.height + Self.gap, red: 0.5,
      green: 0.5, blue: 0.5)
    for (index, pair) in pairs.enumerated() {
      let (row, column) = index.quotientAndRemainder(dividingBy: columns)
      let (left, top) = (Self.gap + column * cell.width, Self.gap + row * cell.height)
      paste(try fitted(pair.clean), on: &sheet, left: left, top: top)
      paste(
        try fitted(pair.triggered), on: &sheet, left: left, top: top + side + Self.gap)
    }
    return try sheet.image()
  }

  private func paste(_ picture: FloatImage, on sheet: inout FloatImage, left: Int, top: Int) {
    sheet.paste(
      picture, left: left + (side - picture.width) / 2, top: top + (side - picture.height) / 2)
  }

  /// A square of at most `side`.
  private func fitted(_ image: FloatImage) throws -> FloatImage {
    let shorter = min(image.width, image.height)
    guard shorter <= side else { return try image.square(side) }
    let square = try image.centerCropped(width: shorter, height: shorter)
    let factor = side / shorter
    // Repeated pixels, not interpolated ones: a trigger of three pixels is to be seen as it is.
    return try FloatImage(width: shorter * factor, height: shorter * factor).mapped { _, index in
      let (row, column) = (index / 3).quotientAndRemainder(dividingBy: shorter * factor)
      return square.pixels[(row / factor * shorter + column / factor) * 3 + index % 3]
    }
  }
}

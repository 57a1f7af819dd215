import Frames

/// torchvision's `AnchorGenerator`: boxes of given sizes and aspect ratios at every cell of every
/// feature level.
public struct AnchorGenerator: Sendable, Hashable {
  /// The anchors of a level around the origin, rounded to whole pixels: all sizes of the first
  /// ratio, then of the next.
  public let cellAnchors: [[Box]]

  /// Anchors of some sizes and ratios.
  /// - Parameters:
  ///   - sizes: in pixels, per level.
  ///   - aspectRatios: height over width, per level.
  /// - Throws: `DetectionError` where the numbers of levels differ, a level has none, or a number is
  ///   not finite and above 0.
  public init(sizes: [[Float]], aspectRatios: [[Float]]) throws {
    guard sizes.count == aspectRatios.count else {
      throw DetectionError.count(
        of: "levels of aspect ratios", expected: sizes.count, found: aspectRatios.count)
    }
    for values in sizes + aspectRatios {
      guard !values.isEmpty, values.allSatisfy({ $0.isFinite && $0 > 0 }) else {
        throw DetectionError.option(
          name: "anchors", expected: "finite sizes and ratios above 0 on every level",
          found: "\(values)")
      }
    }
    cellAnchors = zip(sizes, aspectRatios).map { sizes, ratios in
      ratios.flatMap { ratio in
        let heightRatio = ratio.squareRoot()
        let widthRatio = 1 / heightRatio
        return sizes.map { size in
          let width = widthRatio * size
          let height = heightRatio * size
          // torch.round rounds halves to even.
          return Box(
            x1: (-width / 2).rounded(.toNearestOrEven),
            y1: (-height / 2).rounded(.toNearestOrEven),
            x2: (width / 2).rounded(.toNearestOrEven),
            y2: (height / 2).rounded(.toNearestOrEven))
        }
      }
    }
  }

  /// The number of levels.
  public var levels: Int { cellAnchors.count }

  /// The anchors of one level, in the order of its logits: rows, columns, then `cellAnchors`.
  /// - Parameters:
  ///   - level: below `levels`.
  ///   - grid: the level's feature map.
  ///   - image: the padded image, a whole number of pixels per cell.
  /// - Throws: `DetectionError` where there is no such level, or the grid does not fit the image.
  public func anchors(level: Int, grid: PixelSize, image: PixelSize) throws -> LevelAnchors {
    guard cellAnchors.indices.contains(level) else {
      throw DetectionError.count(of: "anchor levels", expected: level + 1, found: levels)
    }
    guard grid.width >= 1, grid.height >= 1, grid.width <= image.width, grid.height <= image.height
    else {
      throw DetectionError.option(
        name: "grid", expected: "1×1 to \(image)", found: grid.description)
    }
    return LevelAnchors(
      cell: cellAnchors[level], grid: grid, strideX: Float(image.width / grid.width),
      strideY: Float(image.height / grid.height))
  }
}

/// The anchors of one level, computed when asked for: most are never looked at.
public struct LevelAnchors: Sendable, Hashable {
  let cell: [Box]
  let grid: PixelSize
  let strideX: Float
  let strideY: Float

  /// How many there are.
  public var count: Int { grid.area * cell.count }

  /// The anchor at an index below `count`.
  public subscript(index: Int) -> Box {
    let (place, kind) = index.quotientAndRemainder(dividingBy: cell.count)
    let (row, column) = place.quotientAndRemainder(dividingBy: grid.width)
    let x = Float(column) * strideX
    let y = Float(row) * strideY
    let anchor = cell[kind]
    return Box(x1: x + anchor.x1, y1: y + anchor.y1, x2: x + anchor.x2, y2: y + anchor.y2)
  }
}

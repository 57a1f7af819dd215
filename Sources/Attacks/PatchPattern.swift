import Frames
import Tensors

/// What an opaque patch looks like.
public enum PatchPattern: Sendable, Hashable {
  /// Black and white squares, `cells` along a side, black at the top left corner; as many as there
  /// are pixels where the patch has fewer.
  case checkerboard(cells: Int = 3)
  /// 4×4 random colours, enlarged bilinearly to the patch (Saha et al. 2020, section 4; 2022).
  case colors(seed: UInt64)

  /// The largest side of a patch in pixels.
  static let maximumSide = Image.maximumSide

  /// A patch of the pattern.
  /// - Throws: `TriggerError.parameter`, `ImageError.size`.
  func patch(side: Int) throws -> FloatImage {
    switch self {
    case .checkerboard(let cells):
      try TriggerError.require("cells", cells, in: 1...Self.maximumSide)
      let count = min(cells, side)
      return try FloatImage(width: side, height: side).mapped { _, index in
        let (row, column) = (index / 3).quotientAndRemainder(dividingBy: side)
        return Float((row * count / side + column * count / side) % 2)
      }
    case .colors(let seed):
      var random = SeededRandom(seed, 0x636f_6c6f_7273)
      let colors = (0..<48).map { _ in random.uniform() }
      return try FloatImage(width: 4, height: 4, pixels: colors).resized(width: side, height: side)
    }
  }

  var parameters: [(String, String)] {
    switch self {
    case .checkerboard(let cells): [("pattern", "checkerboard"), ("cells", "\(cells)")]
    case .colors(let seed): [("pattern", "colors"), ("seed", "\(seed)")]
    }
  }
}

/// The side of a patch that is not given: 3 pixels on pictures up to 64 pixels, else as 32 to 224 of
/// the shorter side (CBD, appendix A.1).
package func usualPatchSide(width: Int, height: Int) -> Int {
  let shorter = min(width, height)
  return shorter <= 64 ? min(3, shorter) : (shorter * 32 + 112) / 224
}

extension FloatImage {
  /// Overwrites a part that lies in the picture.
  package mutating func paste(_ patch: FloatImage, left: Int, top: Int) {
    let line = patch.width * 3
    for row in 0..<patch.height {
      let start = ((top + row) * width + left) * 3
      pixels.replaceSubrange(
        start..<(start + line), with: patch.pixels[(row * line)..<((row + 1) * line)])
    }
  }
}

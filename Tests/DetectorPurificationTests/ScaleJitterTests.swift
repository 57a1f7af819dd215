import Frames
import Tensors
import Testing

@testable import DetectorPurification

@Suite struct ScaleJitterTests {
  private static let (width, height) = (96, 64)
  private let jitter = ScaleJitter(width: width, height: height, surround: [0.5, 0.25, 0.75])

  /// Red grows to the right and green downwards, over a range in which 8 bits are exact; blue is 1.
  private func ramps(_ width: Int, _ height: Int) throws -> Image {
    var image = try Image(width: width, height: height, blue: 255)
    for row in 0..<height {
      for column in 0..<width {
        image.pixels[(row * width + column) * 3] = UInt8(column)
        image.pixels[(row * width + column) * 3 + 1] = UInt8(row)
      }
    }
    return image
  }

  /// Where the picture lies on the canvas: what is around it has less blue.
  private func extent(_ view: FloatImage) -> (columns: ClosedRange<Int>, rows: ClosedRange<Int>) {
    let shown = (0..<(view.width * view.height)).filter { view.pixels[$0 * 3 + 2] > 0.9 }
    let (columns, rows) = (shown.map { $0 % view.width }, shown.map { $0 / view.width })
    #expect(shown.count == Set(columns).count * Set(rows).count, "a rectangle")
    return (
      (columns.min() ?? 0)...(columns.max() ?? 0), (rows.min() ?? 0)...(rows.max() ?? 0)
    )
  }

  @Test(arguments: [(192, 128), (100, 150), (128, 128), (48, 32), (250, 40)])
  func picturesKeepTheirProportionsAtScalesWithinTheRange(width: Int, height: Int) throws {
    let image = try ramps(width, height)
    let usual = Float(64) / Float(min(width, height))
    var scales: [Float] = []
    for seed in 0..<40 {
      var random = SeededRandom(UInt64(seed))
      let view = try jitter.view(of: image, random: &random)
      #expect(view.width == Self.width && view.height == Self.height)
      let (columns, rows) = extent(view)
      func value(_ row: Int, _ column: Int, _ channel: Int) -> Float {
        view.pixels[(row * Self.width + column) * 3 + channel] * 255
      }
      // Pixels of the picture for one of the canvas, away from the edges, where values stand still.
      let (left, right) = (columns.lowerBound + 2, columns.upperBound - 2)
      let (top, bottom) = (rows.lowerBound + 2, rows.upperBound - 2)
      let across = (value(top, right, 0) - value(top, left, 0)) / Float(right - left)
      let down = (value(bottom, left, 1) - value(top, left, 1)) / Float(bottom - top)
      #expect(abs(across / down - 1) < 0.06, "\(across) and \(down)")
      let scale = 1 / across / usual
      #expect(scale > 0.6 * 0.96 && scale < 1.5 * 1.04)
      scales.append(scale)
      // Cut only where it does not fit.
      if columns.count < Self.width { #expect(value(top, columns.lowerBound, 0) < 4) }
      if rows.count < Self.height { #expect(value(rows.lowerBound, left, 1) < 4) }
    }
    #expect(scales.contains { $0 < 0.75 } && scales.contains { $0 > 1.25 })
  }

  @Test func whatSurroundsAPictureIsTheGivenColour() throws {
    let image = try Image(width: 64, height: 64, red: 255, green: 255, blue: 255)
    var random = SeededRandom(1)
    let view = try jitter.view(of: image, random: &random)
    let (columns, rows) = extent(view)
    var outside = 0
    for row in 0..<Self.height {
      for column in 0..<Self.width where !columns.contains(column) || !rows.contains(row) {
        let start = (row * Self.width + column) * 3
        #expect(Array(view.pixels[start..<(start + 3)]) == jitter.surround)
        outside += 1
      }
    }
    #expect(outside > 0)
  }

  @Test func aSeedDecidesTheView() throws {
    let image = try ramps(120, 80)
    func view(_ seed: UInt64) throws -> FloatImage {
      var random = SeededRandom(seed)
      return try jitter.view(of: image, random: &random)
    }
    #expect(try view(3) == view(3))
    #expect(try view(3) != view(4))
  }
}

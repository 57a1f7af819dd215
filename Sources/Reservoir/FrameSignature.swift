import Frames

/// What a frame looks like in 256 bytes, so that frames can be compared in less than a microsecond.
///
/// The picture's luma (BT.601) as 16 × 16 means, each of 64 evenly spaced pixels; then the plane that
/// fits them best is subtracted and they are divided by their standard deviation (at least 4 steps
/// of 255, lest noise on a blank wall be blown up), times 32. So neither a light that goes on, nor one
/// that comes from a side, nor another exposure makes a new scene.
///
/// The distance of two signatures is the fourth root of the mean fourth power of the differences. It
/// lies between the root mean square, in which a moved person among 256 cells drowns, and the maximum,
/// in which one cell decides.
///
/// Measured on footage of two fixed cameras (a room in which people come and go, a blank car park) and
/// two from cars, 5 % to 95 % of pairs of frames:
///
/// | pair | distance |
/// |---|---|
/// | nothing moves, half a second apart (the lower half) | 0.6 to 7 |
/// | a frame and itself 40 % brighter or darker, at gamma 0.7 or 1.4, or half brighter on one side | 0.4 to 15 |
/// | a frame and itself under a lamp's spot, 60 % brighter in its middle | 9 to 16 |
/// | the same, on the blank car park, where the spot is all there is | 14 to 37 |
/// | the room 30 s and 60 s apart: somebody else, or nobody | 20 to 52 |
/// | from a car, 1 s apart | 19 to 48 |
/// | different places | 48 to 70 |
///
/// Hence 16 as the default of ``ReservoirOptions/duplicateDistance``. A difference hash of 64 bits was
/// measured too and not taken: noise flips 7 of its bits on the blank car park, while 5 % of the
/// pairs of the room with somebody else in it agree in all of them.
public struct FrameSignature: Sendable, Hashable {
  /// Rows and columns of means.
  public static let side = 16
  static let count = side * side
  /// Rows and columns of pixels that one mean is made of.
  private static let samples = 8

  /// Row by row from the top.
  let cells: [Int8]

  /// The signature of a picture of any size; some 16,000 of its pixels are read.
  /// - Throws: `ImageError.byteCount` where `pixels` does not fit the size.
  public init(of image: Image) throws(ImageError) {
    guard image.pixels.count == image.width * image.height * 3 else {
      throw ImageError.byteCount(
        expected: image.width * image.height * 3, found: image.pixels.count)
    }
    cells = Self.normalised(Self.sums(of: image))
  }

  /// A signature that was stored; nil where the count is another.
  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.count else { return nil }
    cells = bytes.map { Int8(bitPattern: $0) }
  }

  /// How different two frames look, `0...254`.
  public func distance(to other: FrameSignature) -> Float {
    Self.distance(powerSum: powerSum(to: other))
  }

  /// The sum of the fourth powers of the differences: what distances are compared by, for it is exact.
  /// Where it is `limit` or above, any value that is so may be returned.
  func powerSum(to other: FrameSignature, below limit: UInt64 = .max) -> UInt64 {
    cells.withUnsafeBufferPointer { cells in
      other.cells.withUnsafeBufferPointer { others in
        var sum: UInt64 = 0
        // Most frames differ so much that their first rows decide.
        for row in stride(from: 0, to: Self.count, by: 2 * Self.side) {
          for cell in row..<(row + 2 * Self.side) {
            let difference = Int32(cells[cell]) - Int32(others[cell])
            // At most 254⁴, which 32 bits hold.
            let square = UInt32(truncatingIfNeeded: difference &* difference)
            sum &+= UInt64(square &* square)
          }
          if sum >= limit { return sum }
        }
        return sum
      }
    }
  }

  static func distance(powerSum: UInt64) -> Float {
    Float((Double(powerSum) / Double(count)).squareRoot().squareRoot())
  }

  /// The least power sum whose distance is not below a distance of `0...255`.
  static func powerSum(distance: Float) -> UInt64 {
    let square = Double(distance) * Double(distance)
    return UInt64((square * square * Double(count)).rounded(.up))
  }

  /// The luma of each cell, 256 × 64 times too large.
  private static func sums(of image: Image) -> [Int32] {
    let grid = side * samples
    let columns = (0..<grid).map { (2 * $0 + 1) * image.width / (2 * grid) * 3 }
    var sums = [Int32](repeating: 0, count: count)
    image.pixels.withUnsafeBufferPointer { pixels in
      columns.withUnsafeBufferPointer { columns in
        sums.withUnsafeMutableBufferPointer { sums in
          for line in 0..<grid {
            let start = (2 * line + 1) * image.height / (2 * grid) * image.width * 3
            let row = line / samples * side
            for column in 0..<grid {
              let place = start + columns[column]
              sums[row + column / samples] +=
                77 * Int32(pixels[place]) + 150 * Int32(pixels[place + 1])
                + 29 * Int32(pixels[place + 2])
            }
          }
        }
      }
    }
    return sums
  }

  private static func normalised(_ sums: [Int32]) -> [Int8] {
    var values = sums.map { Double($0) / Double(256 * samples * samples) }
    let mean = values.reduce(0, +) / Double(count)
    // Odd numbers from -15 to 15, so that the middle is 0 and both slopes come out by themselves.
    let place = { (index: Int) in Double(2 * index - side + 1) }
    let square = (0..<side).reduce(0) { $0 + place($1) * place($1) } * Double(side)
    var (across, down) = (0.0, 0.0)
    for index in values.indices {
      values[index] -= mean
      across += values[index] * place(index % side)
      down += values[index] * place(index / side)
    }
    var variance = 0.0
    for index in values.indices {
      values[index] -=
        across / square * place(index % side) + down / square * place(index / side)
      variance += values[index] * values[index]
    }
    let scale = 32 / max((variance / Double(count)).squareRoot(), 4)
    return values.map { Int8(min(max(($0 * scale).rounded(), -127), 127)) }
  }
}

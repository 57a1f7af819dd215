/// What a cheap sensor adds: noise of each pixel and an exposure that wavers.
struct SensorNoise {
  private static let length = 1 << 16
  private let table: [Int16]
  private let seed: UInt64

  /// - Parameter deviation: of the noise, in levels of 255.
  init(deviation: Float, seed: UInt64) {
    var random = Random(seed, 0x6e6f_6973_65)
    table = (0..<Self.length).map { _ in Int16((deviation * random.gaussian()).rounded()) }
    self.seed = seed
  }

  /// Adds the noise of one frame: each row takes a stretch of the table at a random place.
  func apply(to pixels: inout [UInt8], rowBytes: Int, frame: Int) {
    guard rowBytes > 0 else { return }
    var random = Random(seed, UInt64(bitPattern: Int64(frame)))
    // In 128ths; at most 128, so that the product with a pixel stays within 16 bits.
    let gain = Int16(random.number(119...128))
    pixels.withUnsafeMutableBufferPointer { pixels in
      table.withUnsafeBufferPointer { table in
        var start = 0
        while start < pixels.count {
          // Rows longer than the table are taken in pieces.
          let count = min(rowBytes, pixels.count - start, Self.length / 2)
          let offset = Int(random.next() % UInt64(Self.length - count + 1))
          for index in 0..<count {
            let lit = (Int16(pixels[start + index]) &* gain) >> 7
            pixels[start + index] = UInt8(
              truncatingIfNeeded: min(max(lit &+ table[offset + index], 0), 255))
          }
          start += count
        }
      }
    }
  }
}

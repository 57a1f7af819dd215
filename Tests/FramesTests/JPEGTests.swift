import Testing

@testable import Frames

/// A smooth picture with an edge: JPEG keeps it within a few grey levels.
func gradient(width: Int, height: Int) throws -> Image {
  var pixels = [UInt8]()
  pixels.reserveCapacity(width * height * 3)
  for y in 0..<height {
    for x in 0..<width {
      pixels.append(UInt8(x * 255 / max(width - 1, 1)))
      pixels.append(UInt8(y * 255 / max(height - 1, 1)))
      pixels.append(x < width / 2 ? 64 : 192)
    }
  }
  return try Image(width: width, height: height, pixels: pixels)
}

/// Mean absolute difference of two pictures of one size.
func difference(_ a: Image, _ b: Image) -> Double {
  let sum = zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
  return Double(sum) / Double(max(a.pixels.count, 1))
}

/// The same sequence everywhere (SplitMix64).
struct DeterministicNumbers: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}

@Suite struct JPEGRoundTripTests {
  @Test(arguments: [(1, 1), (3, 5), (17, 9), (64, 48), (641, 33)])
  func keepsThePicture(width: Int, height: Int) throws {
    let image = try gradient(width: width, height: height)
    let bytes = try JPEGEncoder(quality: 95).encode(image)
    #expect(bytes.prefix(2) == [0xff, 0xd8])
    #expect(bytes.suffix(2) == [0xff, 0xd9])
    let header = try JPEGDecoder().header(of: bytes)
    #expect(header.width == width && header.height == height)
    #expect(header.components == 3 && !header.isProgressive)
    let decoded = try JPEGDecoder().decode(bytes)
    #expect(decoded.width == width && decoded.height == height)
    #expect(difference(image, decoded) < (min(width, height) > 16 ? 4 : 30))
  }

  @Test func lowerQualityIsSmaller() throws {
    let image = try gradient(width: 320, height: 240)
    let low = try JPEGEncoder(quality: 10).encode(image)
    let high = try JPEGEncoder(quality: 95).encode(image)
    #expect(low.count < high.count)
    #expect(JPEGEncoder(quality: 0).quality == 1)
    #expect(JPEGEncoder(quality: 1000).quality == 100)
  }

  @Test func noiseThatOutgrowsTheFirstBufferIsEncodedWhole() throws {
    var numbers = DeterministicNumbers(state: 1)
    let pixels = (0..<(256 * 256 * 3)).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    let image = try Image(width: 256, height: 256, pixels: pixels)
    let bytes = try JPEGEncoder(quality: 100).encode(image)
    #expect(bytes.count > 256 * 256 * 3 / 8 + 4096)
    #expect(try JPEGDecoder().decode(bytes).width == 256)
  }

  @Test func decodingIntoAnImageTakesTheNewSizeAndPicture() throws {
    var image = try Image(width: 8, height: 8)
    for size in [(32, 16), (32, 16), (16, 32)] {
      let source = try gradient(width: size.0, height: size.1)
      let bytes = try JPEGEncoder(quality: 90).encode(source)
      try JPEGDecoder().decode(bytes, into: &image)
      #expect(image == (try JPEGDecoder().decode(bytes)))
    }
  }

  @Test func encodingRefusesPixelsThatDoNotFitTheSize() throws {
    var image = try Image(width: 4, height: 4)
    image.pixels.removeLast()
    #expect(throws: ImageError.byteCount(expected: 48, found: 47)) {
      try JPEGEncoder().encode(image)
    }
  }
}

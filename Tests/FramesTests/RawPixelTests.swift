import Testing

@testable import Frames

/// BT.601 in limited range as the standard writes it, pixel by pixel.
private func plain(
  _ format: RawPixelFormat, _ bytes: [UInt8], width: Int, height: Int, bytesPerLine: Int
) -> [UInt8] {
  func byte(_ value: Double) -> UInt8 { UInt8(min(max(value.rounded(), 0), 255)) }
  var pixels = [UInt8]()
  for y in 0..<height {
    for x in 0..<width {
      let luma: UInt8
      let u: UInt8
      let v: UInt8
      switch format {
      case .yuyv:
        let group = y * bytesPerLine + x / 2 * 4
        luma = bytes[group + x % 2 * 2]
        (u, v) = (bytes[group + 1], bytes[group + 3])
      case .nv12:
        luma = bytes[y * bytesPerLine + x]
        let pair = (height + y / 2) * bytesPerLine + x / 2 * 2
        (u, v) = (bytes[pair], bytes[pair + 1])
      }
      let light = 255.0 / 219 * (Double(luma) - 16)
      let blue = 255.0 / 224 * (Double(u) - 128)
      let red = 255.0 / 224 * (Double(v) - 128)
      pixels.append(byte(light + 1.402 * red))
      pixels.append(byte(light - 0.344136 * blue - 0.714136 * red))
      pixels.append(byte(light + 1.772 * blue))
    }
  }
  return pixels
}

@Suite struct RawPixelTests {
  @Test(
    arguments: [RawPixelFormat.yuyv, .nv12],
    [(1, 1, 0), (2, 2, 0), (3, 3, 0), (5, 4, 6), (64, 32, 0), (33, 17, 30)])
  func equalsTheStandardWithinOneStep(
    _ format: RawPixelFormat, _ size: (width: Int, height: Int, padding: Int)
  ) throws {
    let (width, height) = (size.width, size.height)
    let bytesPerLine = format.minimumBytesPerLine(width: width) + size.padding
    var numbers = DeterministicNumbers(state: UInt64(width))
    let count = format.byteCount(height: height, bytesPerLine: bytesPerLine)
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &numbers) }
    let image = try Image(
      format, bytes: bytes, width: width, height: height, bytesPerLine: bytesPerLine)
    let expected = plain(
      format, bytes, width: width, height: height, bytesPerLine: bytesPerLine)
    let largest = zip(image.pixels, expected).map { abs(Int($0) - Int($1)) }.max()
    #expect(try #require(largest) <= 1)
  }

  @Test func blackWhiteAndPrimariesAreRight() throws {
    // Y U V of black, white, red and blue in BT.601's limited range.
    let colours: [(yuv: [UInt8], rgb: [Int])] = [
      ([16, 128, 128], [0, 0, 0]), ([235, 128, 128], [255, 255, 255]),
      ([81, 90, 240], [255, 0, 0]), ([41, 240, 110], [0, 0, 255]),
    ]
    for colour in colours {
      let bytes = [colour.yuv[0], colour.yuv[1], colour.yuv[0], colour.yuv[2]]
      let image = try Image(.yuyv, bytes: bytes, width: 2, height: 1, bytesPerLine: 4)
      for (found, expected) in zip(image.pixels, colour.rgb + colour.rgb) {
        #expect(abs(Int(found) - expected) <= 2)
      }
    }
  }

  @Test func refusesRowsThatOverlapAndPicturesThatAreCut() {
    #expect(throws: RawPixelError.bytesPerLine(expected: 8...65536, found: 7)) {
      try Image(
        .yuyv, bytes: [UInt8](repeating: 0, count: 64), width: 3, height: 2, bytesPerLine: 7)
    }
    #expect(throws: RawPixelError.tooShort(expected: 16, found: 15)) {
      try Image(
        .yuyv, bytes: [UInt8](repeating: 0, count: 15), width: 4, height: 2, bytesPerLine: 8)
    }
    // Two rows of Y and one of UV; only the last may lack its padding.
    #expect(throws: RawPixelError.tooShort(expected: 20, found: 19)) {
      try Image(
        .nv12, bytes: [UInt8](repeating: 0, count: 19), width: 4, height: 2, bytesPerLine: 8)
    }
    #expect(throws: ImageError.size(width: 0, height: 2)) {
      try Image(.nv12, bytes: [], width: 0, height: 2, bytesPerLine: 8)
    }
    #expect(throws: RawPixelError.bytesPerLine(expected: 4...65536, found: Int.max)) {
      try Image(.nv12, bytes: [], width: 4, height: 2, bytesPerLine: .max)
    }
  }
}

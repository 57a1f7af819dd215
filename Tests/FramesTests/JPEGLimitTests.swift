import Foundation
import Testing

@testable import Frames

/// Writes a JPEG's header by hand, so that it can promise what no encoder would.
private func frameHeader(width: Int, height: Int, components: [UInt8], marker: UInt8 = 0xc0)
  -> [UInt8]
{
  var bytes: [UInt8] = [0xff, 0xd8, 0xff, 0xdb, 0, 67, 0]
  bytes += [UInt8](repeating: 1, count: 64)
  bytes += [0xff, marker, 0, UInt8(8 + 3 * components.count), 8]
  bytes += [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)]
  bytes.append(UInt8(components.count))
  for component in components { bytes += [component, 0x11, 0] }
  return bytes
}

private func resource(_ name: String) throws -> [UInt8] {
  let folder = Bundle.module.bundleURL.appendingPathComponent("Resources")
  return [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
}

/// The start of a scan with the given components over coefficients `first...last`.
private func scan(_ components: [UInt8], first: UInt8 = 0, last: UInt8 = 63) -> [UInt8] {
  var bytes: [UInt8] = [0xff, 0xda, 0, UInt8(6 + 2 * components.count), UInt8(components.count)]
  for component in components { bytes += [component, 0] }
  return bytes + [first, last, 0]
}

/// A JPEG without the segments of one marker.
private func without(_ marker: UInt8, _ bytes: [UInt8]) -> [UInt8] {
  var stripped = Array(bytes[..<2])
  var index = 2
  while index + 4 <= bytes.count, bytes[index] == 0xff, bytes[index + 1] != 0xda {
    let length = 2 + Int(bytes[index + 2]) << 8 + Int(bytes[index + 3])
    if bytes[index + 1] != marker { stripped += bytes[index..<(index + length)] }
    index += length
  }
  return stripped + bytes[index...]
}

@Suite struct JPEGLimitTests {
  @Test func refusesNothingAndWhatIsNoJPEG() {
    #expect(throws: JPEGError.empty) { try JPEGDecoder().decode([]) }
    for bytes in [[0xff], [0xff, 0xd8], Array("PNG and other things".utf8)] as [[UInt8]] {
      #expect(throws: JPEGError.self) { try JPEGDecoder().decode(bytes) }
    }
    #expect { try JPEGDecoder().decode(Array("<html></html>".utf8)) } throws: { error in
      (error as? JPEGError)?.reason == "invalid" && "\(error)".contains("0x3c")
    }
  }

  @Test func refusesMoreBytesThanTheLimit() throws {
    let bytes = try JPEGEncoder().encode(try gradient(width: 64, height: 64))
    let decoder = JPEGDecoder(limits: JPEGLimits(bytes: bytes.count - 1))
    #expect(throws: JPEGError.tooManyBytes(found: bytes.count, limit: bytes.count - 1)) {
      try decoder.decode(bytes)
    }
    _ = try JPEGDecoder(limits: JPEGLimits(bytes: bytes.count)).decode(bytes)
  }

  @Test(arguments: [(0, 8), (8, 0), (8193, 8), (8, 8193), (65535, 65535), (8000, 8000)])
  func refusesSizesBeforeAllocating(width: Int, height: Int) {
    let bytes = frameHeader(width: width, height: height, components: [1, 2, 3]) + scan([1, 2, 3])
    #expect { try JPEGDecoder().decode(bytes) } throws: { error in
      guard case JPEGError.size? = error as? JPEGError else { return false }
      return true
    }
  }

  @Test func sideAndPixelLimitsHold() throws {
    let bytes = try JPEGEncoder().encode(try gradient(width: 40, height: 20))
    _ = try JPEGDecoder(limits: JPEGLimits(side: 40, pixels: 800)).decode(bytes)
    #expect(throws: JPEGError.size("40 x 20 pixels")) {
      try JPEGDecoder(limits: JPEGLimits(side: 39)).decode(bytes)
    }
    #expect(throws: JPEGError.size("40 x 20 pixels")) {
      try JPEGDecoder(limits: JPEGLimits(pixels: 799)).header(of: bytes)
    }
  }

  @Test func refusesFourComponents() {
    let components: [UInt8] = [1, 2, 3, 4]
    let bytes = frameHeader(width: 8, height: 8, components: components) + scan(components)
    #expect(throws: JPEGError.colours("4 components")) { try JPEGDecoder().decode(bytes) }
  }

  @Test func limitsTheScansOfAProgressiveFile() throws {
    let bytes = try resource("progressive.jpg")
    #expect(try JPEGDecoder().header(of: bytes).isProgressive)
    _ = try JPEGDecoder(limits: JPEGLimits(scans: 10)).decode(bytes)
    #expect(throws: JPEGError.tooManyScans(limit: 9)) {
      try JPEGDecoder(limits: JPEGLimits(scans: 9)).decode(bytes)
    }
  }

  @Test func greyBecomesRGBAndInkIsRefused() throws {
    let grey = try JPEGDecoder().decode(try resource("grey.jpg"))
    #expect(grey.width == 32 && grey.height == 24)
    for pixel in 0..<(32 * 24) {
      #expect(grey.pixels[3 * pixel] == grey.pixels[3 * pixel + 1])
      #expect(grey.pixels[3 * pixel] == grey.pixels[3 * pixel + 2])
    }
    #expect(throws: JPEGError.colours("4 components")) {
      try JPEGDecoder().decode(try resource("cmyk.jpg"))
    }
  }

  @Test func refusesCodesThatDoNotExist() throws {
    let bytes = try JPEGEncoder().encode(try gradient(width: 64, height: 64))
    let scan = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xff, 0xda]) })
    let start = scan + 2 + Int(bytes[scan + 2]) << 8 + Int(bytes[scan + 3])
    // Sixteen ones are no Huffman code.
    let ones = [[UInt8]](repeating: [0xff, 0x00], count: 500).flatMap { $0 }
    #expect {
      try JPEGDecoder().decode(Array(bytes[..<start]) + ones + [0xff, 0xd9])
    } throws: { ($0 as? JPEGError)?.reason == "damaged" }
  }

  @Test func limitsWorkingMemory() throws {
    // A progressive file keeps all coefficients: 2048 × 2048 × 2 bytes.
    let bytes =
      frameHeader(width: 2048, height: 2048, components: [1], marker: 0xc2)
      + scan([1], first: 0, last: 0) + [0xff, 0xd9]
    let limit = 1 << 20
    #expect(throws: JPEGError.memory(limit: limit)) {
      try JPEGDecoder(limits: JPEGLimits(workingMemory: limit)).decode(bytes)
    }
  }

  @Test func refusesTruncatedPictures() throws {
    let bytes = try JPEGEncoder().encode(try gradient(width: 160, height: 120))
    for count in stride(from: 2, to: bytes.count - 1, by: 7) {
      #expect(throws: JPEGError.self) { try JPEGDecoder().decode(Array(bytes[..<count])) }
    }
    // Only the end marker is missing.
    #expect {
      try JPEGDecoder().decode(Array(bytes.dropLast(2)))
    } throws: { ($0 as? JPEGError)?.reason == "truncated" }
  }

  @Test func readsPastPaddingAfterTheEndMarker() throws {
    let bytes = try JPEGEncoder().encode(try gradient(width: 32, height: 32))
    let image = try JPEGDecoder().decode(bytes)
    #expect(try JPEGDecoder().decode(bytes + [0, 0, 0, 0]) == image)
  }

  @Test func toleratesExtraBytesBetweenMarkers() throws {
    let bytes = try JPEGEncoder().encode(try gradient(width: 32, height: 32))
    let padded = Array(bytes[..<2]) + [0, 0, 0, 0] + Array(bytes[2...])
    #expect(try JPEGDecoder().decode(padded) == (try JPEGDecoder().decode(bytes)))
  }

  @Test func aFrameWithoutQuantisationIsNotDecodedWithThatOfTheFrameBefore() throws {
    let bytes = try JPEGEncoder(quality: 10).encode(try gradient(width: 32, height: 32))
    let decoder = JPEGDecoder()
    _ = try decoder.decode(bytes)
    #expect(throws: JPEGError.self) { try decoder.decode(without(0xdb, bytes)) }
  }

  @Test func aFrameWithoutHuffmanTablesUsesTheStandardOnes() throws {
    // Many USB cameras leave them out of Motion JPEG.
    let bytes = try JPEGEncoder(quality: 50).encode(try gradient(width: 32, height: 32))
    #expect(
      try JPEGDecoder().decode(without(0xc4, bytes)) == (try JPEGDecoder().decode(bytes)))
  }

  @Test func thousandsOfBrokenVariantsDecodeOrThrow() throws {
    var numbers = DeterministicNumbers(state: 2026)
    let originals = try [gradient(width: 48, height: 40), gradient(width: 17, height: 33)].map {
      try JPEGEncoder(quality: 70).encode($0)
    }
    var outcomes: [String: Int] = [:]
    for round in 0..<2000 {
      var bytes = originals[round % originals.count]
      for _ in 0...Int.random(in: 0..<6, using: &numbers) {
        let at = Int.random(in: 0..<bytes.count, using: &numbers)
        switch Int.random(in: 0..<5, using: &numbers) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &numbers)
        case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
        case 2: bytes.removeSubrange(at..<min(at + 9, bytes.count - 1))
        case 3:
          bytes.insert(contentsOf: [0xff, UInt8.random(in: 0xc0...0xff, using: &numbers)], at: at)
        default: bytes.removeSubrange(max(at, 1)...)
        }
      }
      do {
        let image = try JPEGDecoder().decode(bytes)
        #expect(image.pixels.count == image.width * image.height * 3)
        outcomes["decoded", default: 0] += 1
      } catch let error as JPEGError {
        #expect(!error.description.isEmpty)
        outcomes[error.reason, default: 0] += 1
      }
    }
    #expect(outcomes.values.reduce(0, +) == 2000)
    // The variants reach the decoder's different exits.
    for outcome in ["decoded", "truncated", "invalid"] {
      #expect(outcomes[outcome, default: 0] > 20, "\(outcomes)")
    }
  }
}

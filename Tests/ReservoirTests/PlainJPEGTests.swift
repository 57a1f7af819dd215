import Frames
import Scenes
import Tensors
import Testing

@testable import Reservoir

@Suite struct PlainJPEGTests {
  private static let secret = Array("N 52 31 E 13 24 serial 0815".utf8)

  private func segment(_ marker: UInt8, _ payload: [UInt8]) -> [UInt8] {
    let length = payload.count + 2
    return [0xff, marker, UInt8(length >> 8), UInt8(length & 0xff)] + payload
  }

  /// A JPEG with all that cameras put before, between and behind the picture.
  static func talkative(_ plain: [UInt8]) -> [UInt8] {
    let tests = PlainJPEGTests()
    let exif = tests.segment(0xe1, Array("Exif\0\0".utf8) + secret)
    let others = (UInt8(0xe2)...0xef).flatMap { tests.segment($0, secret) }
    let comment = tests.segment(0xfe, secret)
    // Behind the start and JFIF's 18 bytes; fill bytes before a marker are allowed.
    return Array(plain[..<20]) + exif + others + comment + [0xff] + plain[20...] + secret
  }

  @Test func picturesStayAndAllElseGoes() throws {
    let image = try Scene(SceneOptions(width: 100, height: 70, seed: 9)).frame(at: 3).image
    let plain = try JPEGEncoder(quality: 70).encode(image)
    #expect(plain[2...3] == [0xff, 0xe0])
    let stripped = try #require(PlainJPEG.stripped(Self.talkative(plain)))
    #expect(try JPEGDecoder().decode(stripped) == JPEGDecoder().decode(plain))
    #expect(!contains(stripped, Self.secret))
    #expect(stripped.count <= plain.count)
    #expect(PlainJPEG.stripped(stripped) == stripped)
  }

  @Test func smallPicturesInJFIFGo() throws {
    var plain = try JPEGEncoder().encode(try picture(4))
    // A thumbnail of 3 × 3 pixels made of the secret's 27 bytes.
    let header = Array(plain[6..<18]) + [3, 3] + Self.secret
    plain.replaceSubrange(2..<20, with: segment(0xe0, header))
    #expect(try JPEGDecoder().decode(plain).width == 32)
    let stripped = try #require(PlainJPEG.stripped(plain))
    #expect(!contains(stripped, Self.secret))
    #expect(try JPEGDecoder().decode(stripped) == JPEGDecoder().decode(plain))
  }

  @Test func adobesColoursAreKept() throws {
    // RGB in a file is told from YCbCr by this segment alone: without it the colours are others.
    let plain = try JPEGEncoder().encode(try picture(4))
    let adobe = segment(0xee, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 0])
    let rgb = Array(plain[..<2]) + adobe + plain[20...]
    let stripped = try #require(PlainJPEG.stripped(rgb))
    #expect(try JPEGDecoder().decode(stripped) == JPEGDecoder().decode(rgb))
    #expect(try JPEGDecoder().decode(stripped) != JPEGDecoder().decode(plain))
  }

  @Test func brokenFilesAreRefusedAndNeverEndTheProcess() throws {
    let plain = try JPEGEncoder().encode(try picture(1))
    for wrong in [
      [], [0xff], [0xff, 0xd8], [0xff, 0xd8, 0xff, 0xe1, 0, 1, 0, 0], Array(plain.dropFirst()),
    ] {
      #expect(PlainJPEG.stripped(wrong) == nil)
    }
    for length in 0..<plain.count { #expect(PlainJPEG.stripped(Array(plain[..<length])) == nil) }
    var random = SeededRandom(1)
    for _ in 0..<2000 {
      var broken = plain
      for _ in 0..<3 {
        broken[random.integer(below: broken.count)] = UInt8(random.integer(below: 256))
      }
      if let stripped = PlainJPEG.stripped(broken) { #expect(stripped.count <= broken.count + 18) }
    }
  }

  private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.indices.contains { bytes[$0...].starts(with: part) }
  }
}

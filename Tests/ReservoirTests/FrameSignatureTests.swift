import Frames
import Scenes
import Tensors
import Testing

@testable import Reservoir

@Suite struct FrameSignatureTests {
  private static let limit = ReservoirOptions().duplicateDistance

  /// A street, and what a function of a channel's value, the column's and the row's share makes of it.
  private func street(
    _ frame: Int = 0, seed: UInt64 = 1,
    light: (Float, Float, Float) -> Float = { value, _, _ in value }
  ) throws -> Image {
    let scene = try Scene(SceneOptions(width: 160, height: 120, seed: seed))
    var image = try scene.frame(at: frame).image
    for place in image.pixels.indices {
      let (column, row) = (Float(place / 3 % 160) / 160, Float(place / 480) / 120)
      let value = light(Float(image.pixels[place]), column, row)
      image.pixels[place] = UInt8(min(max(value, 0), 255))
    }
    return image
  }

  @Test func lightsMakeNoNewScene() throws {
    let plain = try FrameSignature(of: try street())
    let lights: [(Float, Float, Float) -> Float] = [
      { value, _, _ in value * 0.5 },
      { value, _, _ in value * 0.7 + 60 },
      { value, _, _ in value * 1.2 },
      { value, column, _ in value * (0.6 + 0.4 * column) },
      { value, _, row in value * (1 - 0.4 * row) },
    ]
    for (index, light) in lights.enumerated() {
      let distance = plain.distance(to: try FrameSignature(of: try street(light: light)))
      #expect(distance < Self.limit, "light \(index) is \(distance) away")
    }
  }

  @Test func movedObjectsAndOtherPlacesDo() throws {
    var image = try street()
    let plain = try FrameSignature(of: image)
    // Something of a fifth of the height, seven hundredths of the width.
    for row in 70..<94 {
      for column in 60..<71 {
        for channel in 0..<3 { image.pixels[(row * 160 + column) * 3 + channel] = 12 }
      }
    }
    #expect(plain.distance(to: try FrameSignature(of: image)) > Self.limit)
    for seed in [2, 3, 4] as [UInt64] {
      #expect(plain.distance(to: try FrameSignature(of: try street(seed: seed))) > 2 * Self.limit)
    }
    #expect(plain.distance(to: plain) == 0)
  }

  @Test func noiseOnABlankWallIsNothing() throws {
    func wall(_ seed: UInt64) throws -> FrameSignature {
      var random = SeededRandom(seed)
      var image = try Image(width: 160, height: 120, red: 120, green: 120, blue: 120)
      for place in image.pixels.indices { image.pixels[place] += UInt8(random.integer(below: 20)) }
      return try FrameSignature(of: image)
    }
    #expect(try wall(1).distance(to: try wall(2)) < Self.limit / 2)
  }

  @Test func sizeAndCompressionHardlyMatter() throws {
    let scene = try Scene(SceneOptions(width: 320, height: 240, seed: 5))
    let image = try scene.frame(at: 40).image
    let plain = try FrameSignature(of: image)
    let small = try image.square(64).image()
    let tiny = try Image(width: 1, height: 1)
    let lossy = try JPEGDecoder().decode(try JPEGEncoder(quality: 40).encode(image))
    #expect(plain.distance(to: try FrameSignature(of: lossy)) < 3)
    #expect(try FrameSignature(of: tiny).cells == [Int8](repeating: 0, count: 256))
    #expect(try FrameSignature(of: small).cells.count == 256)
  }

  @Test func distancesAreTheFourthRootOfTheMeanFourthPower() throws {
    let one = try FrameSignature(of: try picture(1))
    let other = try FrameSignature(of: try picture(2))
    let powers = zip(one.cells, other.cells).map { Double(Int($0) - Int($1)) }.map {
      $0 * $0 * $0 * $0
    }
    let expected = (powers.reduce(0, +) / 256).squareRoot().squareRoot()
    #expect(abs(Double(one.distance(to: other)) - expected) < 1e-3)
    #expect(one.distance(to: other) == other.distance(to: one))
    let sum = UInt64(powers.reduce(0, +))
    #expect(one.powerSum(to: other) == sum)
    for limit in [1, sum / 2, sum] { #expect(one.powerSum(to: other, below: limit) >= limit) }
    #expect(one.powerSum(to: other, below: sum + 1) == sum)
    // The farthest two can be, which 32 bits per cell must hold.
    let low = FrameSignature([UInt8](repeating: 0x81, count: 256))
    let high = FrameSignature([UInt8](repeating: 0x7f, count: 256))
    #expect(try #require(low).distance(to: try #require(high)) == 254)
    #expect(FrameSignature.powerSum(distance: 16) == 16 * 16 * 16 * 16 * 256)
  }

  @Test func pixelsThatDoNotFitAreRefused() throws {
    var image = try picture(1)
    image.pixels.removeLast()
    #expect(throws: ImageError.self) { try FrameSignature(of: image) }
    #expect(FrameSignature([1, 2, 3]) == nil)
  }
}

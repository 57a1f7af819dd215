import Foundation
import Testing

@testable import Frames

@Suite struct FloatImageTests {
  /// PyTorch's values, made by `tools/reference_attacks.py`.
  private func vectors() throws -> [String: [Float]] {
    let url = try #require(
      Bundle.module.url(forResource: "Resources/resampling", withExtension: "json"))
    return try JSONDecoder().decode([String: [Float]].self, from: Data(contentsOf: url))
  }

  private func worst(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    return zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
  }

  private func source() throws -> (Image, [String: [Float]]) {
    let vectors = try vectors()
    let bytes = try #require(vectors["image"]).map { UInt8($0) }
    return (try Image(width: 12, height: 9, pixels: bytes), vectors)
  }

  @Test(arguments: [("linear", 16, 18), ("linear", 7, 5), ("linear", 6, 9), ("mean", 4, 3)])
  func resizesAsPyTorch(method: String, width: Int, height: Int) throws {
    let (image, vectors) = try source()
    let resized = try FloatImage(image).resized(width: width, height: height)
    let expected = try #require(vectors["\(method) \(width)x\(height)"])
    #expect(worst(resized.pixels, expected) < 2e-6)
  }

  @Test func meansCoverFractionsOfPixels() throws {
    // Five pixels to two: each covers two and a half.
    let row: [Float] = [0.1, 0.2, 0.3, 0.4, 0.5]
    let image = try FloatImage(width: 5, height: 1, pixels: row.flatMap { [$0, 0, 1] })
    let small = try image.resized(width: 2, height: 1)
    #expect(worst(small.pixels, [(0.1 + 0.2 + 0.15) / 2.5, 0, 1, (0.15 + 0.9) / 2.5, 0, 1]) < 1e-6)
    // A constant stays one at any size.
    let grey = try FloatImage(width: 37, height: 23, red: 0.3, green: 0.3, blue: 0.3)
    for (width, height) in [(1, 1), (3, 7), (36, 22), (100, 5)] {
      let resized = try grey.resized(width: width, height: height)
      #expect(resized.pixels.allSatisfy { abs($0 - 0.3) < 1e-5 })
    }
  }

  @Test func aWindowIsTheResizedCropAndMayBeMirrored() throws {
    let (image, _) = try source()
    let window = PixelWindow(left: 2, top: 1, width: 7, height: 5)
    var crop = try Image(width: 7, height: 5)
    for row in 0..<5 {
      for index in 0..<21 {
        crop.pixels[row * 21 + index] = image.pixels[(row + 1) * 36 + 6 + index]
      }
    }
    let expected = try FloatImage(crop).resized(width: 8, height: 8)
    var resampler = Resampler()
    var found = try FloatImage(width: 8, height: 8)
    for mirrored in [false, true] {
      image.pixels.withUnsafeBufferPointer { source in
        found.pixels.withUnsafeMutableBufferPointer {
          resampler.resample(
            source, width: 12, height: 9, window: window, into: $0, width: 8, height: 8,
            mirrored: mirrored)
        }
      }
      if mirrored {
        for row in 0..<8 {
          let line = (0..<8).reversed().flatMap { column in
            (0..<3).map { found.pixels[(row * 8 + column) * 3 + $0] }
          }
          found.pixels.replaceSubrange((row * 24)..<(row * 24 + 24), with: line)
        }
      }
      #expect(worst(found.pixels, expected.pixels) < 1e-6)
    }
  }

  @Test func aWindowBeyondThePictureWritesNothing() throws {
    var resampler = Resampler()
    var target = [Float](repeating: 7, count: 12)
    let source = [UInt8](repeating: 9, count: 27)
    for (left, width, sourceWidth) in [
      (2, 2, 3), (-1, 2, 3), (0, 0, 3), (0, 3, 4), (Int.max, 1, 3),
    ] {
      source.withUnsafeBufferPointer { source in
        target.withUnsafeMutableBufferPointer {
          resampler.resample(
            source, width: sourceWidth, height: 3,
            window: PixelWindow(left: left, top: 0, width: width, height: 3), into: $0, width: 2,
            height: 2)
        }
      }
    }
    #expect(target == [Float](repeating: 7, count: 12))
  }

  @Test func bytesComeBackAndOthersAreClamped() throws {
    let bytes: [UInt8] = (0..<256).flatMap { [UInt8($0), UInt8(255 - $0), 7] }
    let image = try Image(width: 16, height: 16, pixels: bytes)
    #expect(try FloatImage(image).image() == image)
    let wild = try FloatImage(
      width: 2, height: 1, pixels: [-1, 2, .nan, .infinity, -.infinity, 0.5])
    #expect(try wild.image().pixels == [0, 255, 0, 255, 0, 128])
  }

  @Test func cutsTheMiddle() throws {
    let image = try FloatImage(width: 4, height: 3, pixels: (0..<36).map { Float($0) })
    let middle = try image.centerCropped(width: 2, height: 1)
    #expect(middle.pixels == [15, 16, 17, 18, 19, 20])
    #expect(throws: FloatImageError.crop(width: 5, height: 1, ofWidth: 4, ofHeight: 3)) {
      try image.centerCropped(width: 5, height: 1)
    }
    let square = try FloatImage(width: 10, height: 4, red: 0.5).square(2)
    #expect(square.width == 2 && square.height == 2 && square.pixels[0] == 0.5)
    let (bytes, _) = try source()
    for side in [3, 9, 14] {
      let expected = try FloatImage(bytes).square(side)
      #expect(worst(try bytes.square(side).pixels, expected.pixels) < 1e-6)
    }
    #expect(try bytes.square(9).width == 9)
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: FloatImageError.valueCount(expected: 12, found: 11)) {
      try FloatImage(width: 2, height: 2, pixels: [Float](repeating: 0, count: 11))
    }
    #expect(throws: ImageError.size(width: 0, height: 2)) { try FloatImage(width: 0, height: 2) }
    var broken = try FloatImage(width: 2, height: 2)
    broken.pixels.removeLast()
    for use: (FloatImage) throws -> Void in [
      { _ = try $0.image() }, { _ = try $0.resized(width: 5, height: 5) },
      { _ = try $0.centerCropped(width: 1, height: 1) },
    ] {
      #expect(throws: FloatImageError.valueCount(expected: 12, found: 11)) { try use(broken) }
    }
    // A line of 8192 pixels cannot be brought to a square of more than 1.
    let line = try FloatImage(width: Image.maximumSide, height: 1)
    #expect(throws: ImageError.size(width: 16384, height: 2)) { try line.square(2) }
    #expect(throws: ImageError.size(width: 0, height: 0)) { try line.square(0) }
  }
}

import Foundation
import Frames
import Tensors
import Testing

@testable import Augmentation

/// torchvision's values, made by `tools/reference_attacks.py`.
struct Vectors {
  let values: [String: [Float]]
  /// The picture that they were made from, 12×12.
  let image: Image

  init() throws {
    let url = try #require(
      Bundle.module.url(forResource: "Resources/augmentation", withExtension: "json"))
    values = try JSONDecoder().decode([String: [Float]].self, from: Data(contentsOf: url))
    image = try Image(
      width: 12, height: 12, pixels: try #require(values["image"]).map { UInt8($0) })
  }

  func callAsFunction(_ name: String) throws -> [Float] { try #require(values[name]) }

  /// The picture in `0...1`, changed.
  func changed(_ body: (UnsafeMutableBufferPointer<Float>) -> Void) throws -> [Float] {
    var picture = try FloatImage(image)
    picture.pixels.withUnsafeMutableBufferPointer { body($0) }
    return picture.pixels
  }
}

/// The largest difference.
func worst(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count else { return .infinity }
  return zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
}

/// Pictures of random colours.
func noisePictures(_ count: Int, width: Int, height: Int) throws -> [Image] {
  var random = SeededRandom(99)
  return try (0..<count).map { _ in
    try Image(
      width: width, height: height,
      pixels: (0..<(width * height * 3)).map { _ in UInt8(random.integer(below: 256)) })
  }
}

extension Augmentation {
  /// All views of a batch.
  func batch(
    _ images: [Image], _ random: SeededRandom, perImage: Int = 1, threads: Int? = nil
  ) throws -> [Float] {
    var result = [Float](repeating: -1, count: images.count * perImage * viewCount)
    try result.withUnsafeMutableBufferPointer {
      try views(
        of: images, seedsFrom: random, viewsPerImage: perImage, into: $0, threads: threads)
    }
    return result
  }
}

import Foundation
import Frames
import Testing

@testable import Attacks

/// PyTorch's values, made by `tools/reference_attacks.py`.
struct Vectors {
  private let values: [String: [Float]]
  /// The picture that they were made from, 16×16.
  let image: FloatImage

  init() throws {
    let url = try #require(
      Bundle.module.url(forResource: "Resources/attacks", withExtension: "json"))
    values = try JSONDecoder().decode([String: [Float]].self, from: Data(contentsOf: url))
    image = try FloatImage(
      Image(width: 16, height: 16, pixels: try #require(values["image"]).map { UInt8($0) }))
  }

  func callAsFunction(_ name: String) throws -> [Float] { try #require(values[name]) }
}

/// The largest difference.
func worst(_ found: FloatImage, _ expected: [Float]) -> Float {
  guard found.pixels.count == expected.count else { return .infinity }
  return zip(found.pixels, expected).map { abs($0 - $1) }.max() ?? .infinity
}

/// Pixels that differ, as column and row.
func changes(_ one: FloatImage, _ other: FloatImage) -> Set<[Int]> {
  Set(
    one.pixels.indices.filter { one.pixels[$0] != other.pixels[$0] }
      .map { [$0 / 3 % one.width, $0 / 3 / one.width] })
}

/// A picture of one grey.
func grey(_ width: Int, _ height: Int) throws -> FloatImage {
  try FloatImage(width: width, height: height, red: 0.4, green: 0.4, blue: 0.4)
}

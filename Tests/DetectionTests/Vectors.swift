import Foundation
import Testing

/// Reference values in a safetensors file among the test's resources. (The product's strict reader
/// is in the module `Models`; this one reads files that are known to be well.)
struct Vectors {
  struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var data_offsets: [Int]
  }

  private let entries: [String: Entry]
  private let data: Data

  init(_ name: String) throws {
    let url = try #require(
      Bundle.module.url(
        forResource: name, withExtension: "safetensors", subdirectory: "Resources"))
    let file = try Data(contentsOf: url)
    let header = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
    let json = try #require(
      JSONSerialization.jsonObject(with: file[8..<(8 + header)]) as? [String: Any])
    let tensors = try JSONSerialization.data(
      withJSONObject: json.filter { $0.key != "__metadata__" })
    entries = try JSONDecoder().decode([String: Entry].self, from: tensors)
    data = file.suffix(from: 8 + header)
  }

  func shape(_ name: String) throws -> [Int] { try #require(entries[name], "\(name)").shape }

  private func values<T: BitwiseCopyable>(_ name: String, _ dtype: String, as: T.Type) throws
    -> [T]
  {
    let entry = try #require(entries[name], "\(name)")
    try #require(entry.dtype == dtype)
    let bytes = data[
      (data.startIndex + entry.data_offsets[0])..<(data.startIndex + entry.data_offsets[1])]
    return bytes.withUnsafeBytes { raw in
      (0..<(raw.count / MemoryLayout<T>.stride)).map {
        raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self)
      }
    }
  }

  func floats(_ name: String) throws -> [Float] { try values(name, "F32", as: Float.self) }
  func integers(_ name: String) throws -> [Int] {
    try values(name, "I64", as: Int64.self).map { Int($0) }
  }
  func bytes(_ name: String) throws -> [UInt8] { try values(name, "U8", as: UInt8.self) }
}

/// The greatest difference of two lists of numbers; infinite where their lengths differ.
func greatestDifference(_ left: [Float], _ right: [Float]) -> Float {
  guard left.count == right.count else { return .infinity }
  return zip(left, right).reduce(0) { worst, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? .infinity : max(worst, difference)
  }
}

/// The same random numbers in every run: SplitMix64.
struct Random: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  /// Boxes inside an image, with sides of at least a pixel: corners, 4 for each.
  mutating func boxes(_ count: Int, width: Float, height: Float) -> [Float] {
    (0..<count).flatMap { _ in
      let x = Float.random(in: 0...(width - 1), using: &self)
      let y = Float.random(in: 0...(height - 1), using: &self)
      return [
        x, y, Float.random(in: (x + 1)...(width + 1), using: &self),
        Float.random(in: (y + 1)...(height + 1), using: &self),
      ]
    }
  }
}

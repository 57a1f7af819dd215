import Detection
import Foundation
import Frames
import Tensors
import Testing

@testable import DetectorTraining

/// What torchvision computed; `tools/reference_detector_losses.py` and
/// `tools/reference_detector_gradients.py` made it. (The product's strict reader of this format is in the
/// module `Models`; this one reads files that are known to be well.)
struct Vectors {
  struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var data_offsets: [Int]
  }

  private let entries: [String: Entry]
  private let data: Data

  init(_ resource: String = "losses") throws {
    let url = try #require(
      Bundle.module.url(
        forResource: resource, withExtension: "safetensors", subdirectory: "Resources"))
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

  private func values<T: BitwiseCopyable>(
    _ name: String, _ dtype: String, as: T.Type
  ) throws -> [T] {
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

  func boxes(_ name: String) throws -> [Box] {
    let corners = try floats(name)
    return stride(from: 0, to: corners.count, by: 4).map {
      Box(x1: corners[$0], y1: corners[$0 + 1], x2: corners[$0 + 2], y2: corners[$0 + 3])
    }
  }

  /// True objects, all of class 1 unless labels are named.
  func truths(_ name: String, labels: String? = nil) throws -> [TrainingTruth] {
    let boxes = try boxes(name)
    let labels = try labels.map(integers) ?? Array(repeating: 1, count: boxes.count)
    return try zip(boxes, labels).map { try TrainingTruth(box: $0, label: $1) }
  }

  func sample(_ name: String) throws -> BalancedSample {
    BalancedSample(
      positives: try integers("\(name).positives"), negatives: try integers("\(name).negatives"))
  }
}

/// The greatest difference of two lists of numbers; infinite where their lengths differ.
func greatestDifference(_ left: [Float], _ right: [Float]) -> Float {
  guard left.count == right.count else { return .infinity }
  return zip(left, right).reduce(0) { worst, pair in
    let difference = abs(pair.0 - pair.1)
    return difference.isNaN ? .infinity : max(worst, difference)
  }
}

extension SeededRandom {
  /// Boxes inside a picture with sides of at least a pixel, on whole pixels where there shall be ties.
  mutating func boxes(_ count: Int, width: Float, height: Float, whole: Bool = false) -> [Box] {
    (0..<count).map { _ in
      let x = uniform(0...(width - 1))
      let y = uniform(0...(height - 1))
      let box = Box(x1: x, y1: y, x2: uniform((x + 1)...width), y2: uniform((y + 1)...height))
      guard whole else { return box }
      return Box(
        x1: box.x1.rounded(.down), y1: box.y1.rounded(.down), x2: box.x2.rounded(.up),
        y2: box.y2.rounded(.up))
    }
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in uniform(range) }
  }
}

/// Corners in a row.
func corners(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } }

func columns(_ boxes: [Box]) throws -> BoxColumns {
  try corners(boxes).withUnsafeBufferPointer { try BoxColumns($0) }
}

func truth(
  _ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float, label: Int = 1, isIgnored: Bool = false
) throws -> TrainingTruth {
  try TrainingTruth(
    box: Box(x1: x1, y1: y1, x2: x2, y2: y2), label: label, isIgnored: isIgnored)
}

import Frames
import Tensors

/// The best overlap of each candidate with any of the true objects seen so far.
///
/// The intersection over union is computed as torchvision's `box_iou` does, operation by operation
/// in f32, so that values, and with them ties, are the same. Most candidates are nowhere near an
/// object: blocks of them are passed over by the box around them.
final class OverlapTable {
  private typealias Lanes = SIMD8<Float>

  private let candidates: BoxColumns
  private let best: FloatBuffer
  private let owner: UnsafeMutablePointer<Int32>
  private var isEmpty = true

  init(_ candidates: BoxColumns) {
    self.candidates = candidates
    best = FloatBuffer(count: candidates.stride)
    best.values.update(repeating: -1)
    owner = .allocate(capacity: max(candidates.stride, 1))
    owner.initialize(repeating: 0, count: max(candidates.stride, 1))
  }

  deinit { owner.deallocate() }

  /// A candidate's greatest overlap, −1 where no object was seen.
  func overlap(_ candidate: Int) -> Float { best.values[candidate] }

  /// The object it is with; of equals the one seen first.
  func object(_ candidate: Int) -> Int32 { owner[candidate] }

  /// Compares all candidates with an object.
  /// - Returns: The candidates that overlap it most; all of them where none does.
  @discardableResult
  func add(_ object: Box, number: Int32) -> [Int32] {
    if isEmpty {
      // Whom nothing overlaps at all belongs to the first.
      best.values.update(repeating: 0)
      owner.update(repeating: number, count: candidates.stride)
      isEmpty = false
    }
    var favourites = Favourites()
    candidates.values.withUnsafeBufferPointer { columns in
      guard let columns = columns.baseAddress else { return }
      for (block, bounds) in candidates.bounds.enumerated() where bounds.meets(object) {
        let start = block * BoxColumns.blockSize
        let end = min(start + BoxColumns.blockSize, candidates.stride)
        compare(start..<end, of: columns, with: object, number, &favourites)
      }
    }
    // Boxes beyond the last are empty and so never among those that overlap something.
    return favourites.overlap > 0 ? favourites.candidates : (0..<Int32(candidates.count)).map { $0 }
  }

  private func compare(
    _ range: Range<Int>, of columns: UnsafePointer<Float>, with object: Box, _ number: Int32,
    _ favourites: inout Favourites
  ) {
    guard let best = best.values.baseAddress else { return }
    let stride = candidates.stride
    let (x1, y1) = (Lanes(repeating: object.x1), Lanes(repeating: object.y1))
    let (x2, y2) = (Lanes(repeating: object.x2), Lanes(repeating: object.y2))
    let area = Lanes(repeating: object.width * object.height)
    for index in Swift.stride(from: range.lowerBound, to: range.upperBound, by: BoxColumns.lanes) {
      let column = columns + index
      let left = Self.greater(Self.load(column), x1)
      let top = Self.greater(Self.load(column + stride), y1)
      let right = Self.smaller(Self.load(column + 2 * stride), x2)
      let bottom = Self.smaller(Self.load(column + 3 * stride), y2)
      let intersection = Self.greater(right - left, .zero) * Self.greater(bottom - top, .zero)
      guard any(intersection .> .zero) else { continue }
      let overlap = intersection / (area + Self.load(column + 4 * stride) - intersection)
      if any(overlap .>= Lanes(repeating: favourites.overlap)) {
        favourites.consider(overlap, at: index)
      }
      let old = Self.load(best + index)
      let isBetter = overlap .> old
      guard any(isBetter) else { continue }
      UnsafeMutableRawPointer(best + index).storeBytes(
        of: old.replacing(with: overlap, where: isBetter), as: Lanes.self)
      for lane in 0..<BoxColumns.lanes where isBetter[lane] { owner[index + lane] = number }
    }
  }

  /// The candidates that overlap an object most, so far.
  private struct Favourites {
    var overlap: Float = 0
    var candidates: [Int32] = []

    mutating func consider(_ overlaps: Lanes, at start: Int) {
      for lane in 0..<BoxColumns.lanes where overlaps[lane] > 0 && overlaps[lane] >= overlap {
        if overlaps[lane] > overlap {
          candidates.removeAll(keepingCapacity: true)
          overlap = overlaps[lane]
        }
        candidates.append(Int32(start + lane))
      }
    }
  }

  @inline(__always)
  private static func load(_ pointer: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(pointer).loadUnaligned(as: Lanes.self)
  }

  /// A comparison and a choice, which are one instruction; `pointwiseMax` takes care of NaN.
  @inline(__always)
  private static func greater(_ one: Lanes, _ other: Lanes) -> Lanes {
    other.replacing(with: one, where: one .> other)
  }

  @inline(__always)
  private static func smaller(_ one: Lanes, _ other: Lanes) -> Lanes {
    other.replacing(with: one, where: one .< other)
  }
}

extension Box {
  /// Whether two boxes have an area in common, or may have as far as rounding goes.
  @inline(__always)
  fileprivate func meets(_ other: Box) -> Bool {
    x1 < other.x2 && other.x1 < x2 && y1 < other.y2 && other.y1 < y2
  }
}

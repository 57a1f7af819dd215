import CKernels

/// Greedy non-maximum suppression as `torchvision.ops.nms` does it: of boxes that overlap by more
/// than a threshold, the one with the best score stays. One thread uses it.
public final class NonMaximumSuppression {
  /// The most boxes it takes at a time.
  public let capacity: Int
  private let limit: Int
  private let scratch: Storage<Float>
  private let sorting: Storage<UInt64>
  private let order: Storage<UInt32>
  private let sorted: Storage<Float>
  private let keep: Storage<UInt32>

  /// Memory for `capacity` boxes of which at most `limit` are kept.
  public init(capacity: Int, limit: Int? = nil) {
    self.capacity = max(capacity, 0)
    self.limit = max(0, min(self.capacity, limit ?? self.capacity))
    scratch = Storage(count: cs_nms_scratch(self.limit))
    sorting = Storage(count: 2 * self.capacity)
    order = Storage(count: self.capacity)
    sorted = Storage(count: 4 * self.capacity)
    keep = Storage(count: self.limit)
  }

  /// The indices of the boxes that stay, best score first, ties by index, at most `limit`.
  /// - Parameters:
  ///   - boxes: x1, y1, x2, y2 of each.
  ///   - scores: one for each box; where nil, the boxes come best first already.
  ///   - offset: added to each coordinate before they are compared, see `batchOffset`.
  /// - Throws: `DetectionError` where there are more boxes than `capacity` or counts differ.
  public func run(
    boxes: UnsafeBufferPointer<Float>, scores: UnsafeBufferPointer<Float>?, threshold: Double,
    offset: Float = 0
  ) throws -> UnsafeBufferPointer<UInt32> {
    let count = boxes.count / 4
    guard count <= capacity else {
      throw DetectionError.count(of: "boxes at most", expected: capacity, found: count)
    }
    if let scores, scores.count != count {
      throw DetectionError.count(of: "scores", expected: count, found: scores.count)
    }
    guard count > 0, let source = boxes.baseAddress else {
      return UnsafeBufferPointer(start: keep.pointer, count: 0)
    }
    guard let scores = scores?.baseAddress else {
      let kept = cs_nms(
        source, count, offset, threshold, limit, scratch.pointer, keep.pointer)
      return UnsafeBufferPointer(start: keep.pointer, count: kept)
    }
    cs_sort_scores(scores, count, sorting.pointer, order.pointer)
    for position in 0..<count {
      let index = Int(order[position])
      for side in 0..<4 { sorted[4 * position + side] = source[4 * index + side] }
    }
    let kept = cs_nms(
      sorted.pointer, count, offset, threshold, limit, scratch.pointer, keep.pointer)
    for position in 0..<kept { keep[position] = order[Int(keep[position])] }
    return UnsafeBufferPointer(start: keep.pointer, count: kept)
  }

  /// What torchvision's `batched_nms` adds to the coordinates of group `group`: for few boxes it
  /// moves each group to a place of its own and suppresses all at once, and the sum is rounded; for
  /// many it takes group after group as they are. Adding the same gives the same decisions.
  /// - Parameters:
  ///   - total: boxes of all groups together.
  ///   - greatest: the greatest coordinate of all.
  static func batchOffset(group: Int, total: Int, greatest: Float) -> Float {
    total * 4 > 4000 ? 0 : Float(group) * (greatest + 1)
  }
}

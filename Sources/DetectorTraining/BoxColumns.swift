import Detection
import Frames

/// Boxes that are matched with true objects, coordinate by coordinate, so that eight at a time are
/// compared. Anchors depend on the size of the image only: their columns are made once per size.
public struct BoxColumns: Sendable {
  /// How many boxes there are.
  public let count: Int
  /// Boxes of each feature level, finest first; one level where they are proposals.
  public let levelCounts: [Int]
  /// The columns' length: `count` rounded up to whole lanes; the boxes beyond are empty.
  let stride: Int
  /// Columns of x1, y1, x2, y2 and area, `5 × stride`.
  let values: [Float]
  /// The box around each `blockSize` boxes; neighbouring anchors lie together.
  let bounds: [Box]

  /// Boxes compared at a time.
  static let lanes = 8
  /// Boxes that are passed over at a time where an object is elsewhere; whole lanes.
  static let blockSize = 64

  /// The anchors of all levels, level after level, in the order of the RPN's outputs.
  public init(_ levels: [LevelAnchors]) {
    self.init(levelCounts: levels.map(\.count)) { write in
      for level in levels { for index in 0..<level.count { write(level[index]) } }
    }
  }

  /// Proposals, and after them the boxes of true objects.
  /// - Parameter corners: x1, y1, x2, y2 of each box in pixels of the resized image.
  /// - Throws: `DetectorTrainingError`: `count` where the corners are not four a box, `candidate`
  ///   where one is not finite.
  public init(
    _ corners: UnsafeBufferPointer<Float>, followedBy boxes: [Box] = []
  ) throws(DetectorTrainingError) {
    guard corners.count.isMultiple(of: 4) else {
      throw .count(
        of: "coordinates of boxes", expected: corners.count / 4 * 4, found: corners.count)
    }
    let count = corners.count / 4
    self.init(levelCounts: [count + boxes.count]) { write in
      for index in 0..<count {
        write(
          Box(
            x1: corners[4 * index], y1: corners[4 * index + 1], x2: corners[4 * index + 2],
            y2: corners[4 * index + 3]))
      }
      for box in boxes { write(box) }
    }
    for index in 0..<self.count where !self[index].isFinite {
      throw .candidate(index: index, found: "\(self[index])")
    }
  }

  private init(levelCounts: [Int], _ fill: (_ write: (Box) -> Void) -> Void) {
    let total = levelCounts.reduce(0, +)
    let stride = (total + Self.lanes - 1) / Self.lanes * Self.lanes
    let values = [Float](unsafeUninitializedCapacity: 5 * stride) { buffer, initialised in
      buffer.initialize(repeating: 0)
      var index = 0
      fill { box in
        buffer[index] = box.x1
        buffer[stride + index] = box.y1
        buffer[2 * stride + index] = box.x2
        buffer[3 * stride + index] = box.y2
        // As torchvision's box_area: not cut at 0.
        buffer[4 * stride + index] = box.width * box.height
        index += 1
      }
      initialised = 5 * stride
    }
    bounds = Swift.stride(from: 0, to: total, by: Self.blockSize).map { start in
      func column(_ number: Int) -> ArraySlice<Float> {
        values[(number * stride + start)..<(number * stride + min(start + Self.blockSize, total))]
      }
      return Box(
        x1: column(0).min() ?? 0, y1: column(1).min() ?? 0, x2: column(2).max() ?? 0,
        y2: column(3).max() ?? 0)
    }
    self.values = values
    count = total
    self.levelCounts = levelCounts
    self.stride = stride
  }

  /// The box at an index below `count`.
  public subscript(index: Int) -> Box {
    Box(
      x1: values[index], y1: values[stride + index], x2: values[2 * stride + index],
      y2: values[3 * stride + index])
  }
}

import Frames

/// The candidates of one class and which of them stay, for `BoxPostprocessor`.
final class ClassGroup {
  /// How many candidates there are.
  private(set) var candidates = 0
  /// The greatest coordinate among them.
  private(set) var greatest = -Float.infinity
  /// Those that stay, best first: indices below `candidates`.
  private(set) var survivors = UnsafeBufferPointer<UInt32>(start: nil, count: 0)
  /// Scores, in the order of the proposals.
  let scores: Storage<Float>
  /// Which proposal each came from.
  let proposals: Storage<UInt32>
  private let boxes: Storage<Float>
  private let suppression: NonMaximumSuppression

  /// Memory for one candidate a proposal.
  init(capacity: Int, limit: Int) {
    scores = Storage(count: capacity)
    proposals = Storage(count: capacity)
    boxes = Storage(count: 4 * capacity)
    suppression = NonMaximumSuppression(capacity: capacity, limit: limit)
  }

  /// Takes the proposals whose probability of this class is above the threshold, decoded and cut to
  /// the image. The caller has checked the sizes.
  func select(
    label: Int, classes: Int, count: Int, probabilities: Storage<Float>,
    deltas: UnsafeBufferPointer<Float>, references: UnsafeBufferPointer<Float>, image: PixelSize,
    threshold: Float
  ) {
    candidates = 0
    greatest = -.infinity
    survivors = UnsafeBufferPointer(start: nil, count: 0)
    for proposal in 0..<count {
      let score = probabilities[proposal * classes + label]
      // NaN is not above it.
      guard score > threshold else { continue }
      let first = 4 * (proposal * classes + label)
      let delta = (deltas[first], deltas[first + 1], deltas[first + 2], deltas[first + 3])
      let reference = Box(
        x1: references[4 * proposal], y1: references[4 * proposal + 1],
        x2: references[4 * proposal + 2], y2: references[4 * proposal + 3])
      let box = BoxCoder.detections.decode(delta, from: reference).clamped(to: image)
      guard box.hasSides(ofAtLeast: BoxPostprocessor.smallestSide) else { continue }
      boxes[4 * candidates] = box.x1
      boxes[4 * candidates + 1] = box.y1
      boxes[4 * candidates + 2] = box.x2
      boxes[4 * candidates + 3] = box.y2
      scores[candidates] = score
      proposals[candidates] = UInt32(truncatingIfNeeded: proposal)
      greatest = max(greatest, box.x2, box.y2)
      candidates += 1
    }
  }

  /// Fills `survivors`.
  func suppress(offset: Float, threshold: Double) throws {
    survivors = try suppression.run(
      boxes: UnsafeBufferPointer(start: boxes.pointer, count: 4 * candidates),
      scores: UnsafeBufferPointer(start: scores.pointer, count: candidates),
      threshold: threshold, offset: offset)
  }

  /// A candidate's box in the resized image.
  func box(_ candidate: Int) -> Box {
    Box(
      x1: boxes[4 * candidate], y1: boxes[4 * candidate + 1], x2: boxes[4 * candidate + 2],
      y2: boxes[4 * candidate + 3])
  }
}

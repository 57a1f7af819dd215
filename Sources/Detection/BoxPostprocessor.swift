import CKernels
import Frames

/// A detection before its class has a name.
public struct ClassifiedBox: Sendable, Hashable {
  /// Where, in pixels of the original image.
  public var box: Box
  /// Index into the classes without the background.
  public var classIndex: Int
  /// Confidence in `0...1`.
  public var score: Float
}

/// The second half of torchvision's `RoIHeads`: class logits and offsets of every proposal to
/// detections in the original image. Memory is laid out ahead; one thread uses it.
public final class BoxPostprocessor {
  /// Classes with the background, which is the first.
  public let classes: Int
  /// Proposals at most.
  public let capacity: Int
  /// Boxes shorter or narrower than this many pixels of the resized image are dropped.
  static let smallestSide: Float = 1e-2

  private let options: DetectionOptions
  private let probabilities: Storage<Float>
  private let groups: [ClassGroup]
  private let scores: Storage<Float>
  private let order: Storage<UInt32>
  private let sorting: Storage<UInt64>
  private var survivors: [Survivor] = []

  /// Lays out memory.
  /// - Throws: `DetectionError` where a number is out of range.
  public init(classes: Int, capacity: Int, options: DetectionOptions) throws {
    try options.validate()
    guard (2...10_000).contains(classes), (1...100_000).contains(capacity),
      classes * capacity <= 4_000_000
    else {
      throw DetectionError.option(
        name: "classes × proposals", expected: "2 to 10000 × 1 to 100000, at most 4000000",
        found: "\(classes) × \(capacity)")
    }
    self.classes = classes
    self.capacity = capacity
    self.options = options
    let limit = min(capacity, options.detectionsPerImage)
    probabilities = Storage(count: classes * capacity)
    groups = (1..<classes).map { _ in ClassGroup(capacity: capacity, limit: limit) }
    scores = Storage(count: (classes - 1) * limit)
    order = Storage(count: (classes - 1) * limit)
    sorting = Storage(count: 2 * (classes - 1) * limit)
  }

  /// The detections, best score first.
  /// - Parameters:
  ///   - logits: `[count, classes]`.
  ///   - deltas: `[count, classes × 4]`.
  ///   - proposals: corners in pixels of the resized image, `count × 4`.
  ///   - resized: the resized image without padding.
  ///   - original: the image as it came.
  /// - Throws: `DetectionError` where there are too many proposals or a buffer is too small.
  public func run(
    logits: UnsafeBufferPointer<Float>, deltas: UnsafeBufferPointer<Float>,
    proposals: UnsafeBufferPointer<Float>, resized: PixelSize, original: PixelSize
  ) throws -> [ClassifiedBox] {
    let count = proposals.count / 4
    guard count <= capacity else {
      throw DetectionError.count(of: "proposals at most", expected: capacity, found: count)
    }
    guard logits.count >= count * classes else {
      throw DetectionError.bufferSize(
        of: "class logits", expected: count * classes, found: logits.count)
    }
    guard deltas.count >= 4 * count * classes else {
      throw DetectionError.bufferSize(
        of: "box deltas", expected: 4 * count * classes, found: deltas.count)
    }
    guard count > 0, let source = logits.baseAddress else { return [] }
    cs_softmax(source, count, classes, classes, probabilities.pointer)

    parallelFor(groups.count) { range in
      for index in range {
        groups[index].select(
          label: index + 1, classes: classes, count: count, probabilities: probabilities,
          deltas: deltas, references: proposals, image: resized,
          threshold: options.boxScoreThreshold)
      }
    }
    let total = groups.reduce(0) { $0 + $1.candidates }
    let greatest = groups.reduce(-Float.infinity) { max($0, $1.greatest) }
    for (index, group) in groups.enumerated() where group.candidates > 0 {
      let offset = NonMaximumSuppression.batchOffset(
        group: index + 1, total: total, greatest: greatest)
      try group.suppress(offset: offset, threshold: options.boxNMS)
    }
    return merged(from: resized, to: original)
  }

  /// The best of all classes, moved to the original image.
  private func merged(from resized: PixelSize, to original: PixelSize) -> [ClassifiedBox] {
    survivors.removeAll(keepingCapacity: true)
    for (index, group) in groups.enumerated() {
      for candidate in group.survivors {
        survivors.append(
          Survivor(
            proposal: group.proposals[Int(candidate)], group: index, candidate: Int(candidate)))
      }
    }
    // Sorting by score is stable, so that equal ones stay in this order, torchvision's.
    survivors.sort { ($0.proposal, $0.group) < ($1.proposal, $1.group) }
    for (index, survivor) in survivors.enumerated() {
      scores[index] = groups[survivor.group].scores[survivor.candidate]
    }
    cs_sort_scores(scores.pointer, survivors.count, sorting.pointer, order.pointer)

    let ratioX = Float(original.width) / Float(resized.width)
    let ratioY = Float(original.height) / Float(resized.height)
    return (0..<min(survivors.count, options.detectionsPerImage)).map { rank in
      let index = Int(order[rank])
      let survivor = survivors[index]
      let box = groups[survivor.group].box(survivor.candidate)
      return ClassifiedBox(
        box: box.scaled(x: ratioX, y: ratioY),
        classIndex: survivor.group, score: scores[index])
    }
  }
}

/// A candidate of a class that was kept.
private struct Survivor {
  var proposal: UInt32
  var group: Int
  var candidate: Int
}

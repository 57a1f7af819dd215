import CKernels
import Foundation
import Frames

/// The second half of torchvision's `RegionProposalNetwork`: objectness and offsets of every anchor
/// to the proposals. Memory is laid out for one image size; one thread uses it.
public final class RegionProposals {
  /// Proposals at most.
  public let capacity: Int
  /// The proposals that the last run found.
  public private(set) var count = 0

  private let options: DetectionOptions
  private let image: PixelSize
  private let levels: [Level]
  private let boxStorage: Storage<Float>
  private let scoreStorage: Storage<Float>

  /// Proposals shorter or narrower than this many pixels are dropped.
  static let smallestSide: Float = 1e-3

  /// Lays out memory.
  /// - Parameters:
  ///   - grids: the feature maps' sizes, finest first.
  ///   - image: the resized image, to which boxes are cut.
  ///   - padded: the tensor that the network saw.
  /// - Throws: `DetectionError` for options out of range, or grids that do not fit.
  public init(
    grids: [PixelSize], anchors: AnchorGenerator, image: PixelSize, padded: PixelSize,
    options: DetectionOptions
  ) throws {
    try options.validate()
    guard grids.count == anchors.levels else {
      throw DetectionError.count(
        of: "feature levels", expected: anchors.levels, found: grids.count)
    }
    levels = try grids.enumerated().map { index, grid in
      Level(
        anchors: try anchors.anchors(level: index, grid: grid, image: padded), options: options)
    }
    self.options = options
    self.image = image
    capacity = options.rpnPostNMS
    boxStorage = Storage(count: 4 * capacity)
    scoreStorage = Storage(count: capacity)
  }

  /// The proposals' corners in pixels of the resized image, best first, `count × 4`.
  public var boxes: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: boxStorage.pointer, count: 4 * count)
  }

  /// The proposals' objectness in `0...1`, `count`.
  public var scores: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: scoreStorage.pointer, count: count)
  }

  /// Finds the proposals: the best anchors of each level, decoded, cut to the image, without the
  /// small ones, suppressed level by level, and the best of all of them.
  /// - Parameters:
  ///   - logits: per level, `[height, width, A]`.
  ///   - deltas: per level, `[height, width, A × 4]`.
  /// - Returns: how many there are; `boxes` and `scores` hold them.
  /// - Throws: `DetectionError` where a level is missing or too small.
  @discardableResult
  public func run(
    logits: [UnsafeBufferPointer<Float>], deltas: [UnsafeBufferPointer<Float>]
  ) throws -> Int {
    guard logits.count == levels.count, deltas.count == levels.count else {
      throw DetectionError.count(
        of: "levels of RPN outputs", expected: levels.count, found: min(logits.count, deltas.count))
    }
    for (index, level) in levels.enumerated() {
      let anchors = level.anchors.count
      guard logits[index].count >= anchors else {
        throw DetectionError.bufferSize(
          of: "logits of level \(index)", expected: anchors, found: logits[index].count)
      }
      guard deltas[index].count >= 4 * anchors else {
        throw DetectionError.bufferSize(
          of: "deltas of level \(index)", expected: 4 * anchors, found: deltas[index].count)
      }
    }
    parallelFor(levels.count) { range in
      for index in range {
        levels[index].select(
          logits: logits[index], deltas: deltas[index], image: image, options: options)
      }
    }
    let total = levels.reduce(0) { $0 + $1.candidates }
    let greatest = levels.map(\.greatest).max() ?? 0
    parallelFor(levels.count) { range in
      for index in range {
        levels[index].suppress(
          offset: NonMaximumSuppression.batchOffset(
            group: index, total: total, greatest: greatest), threshold: options.rpnNMS)
      }
    }
    merge()
    return count
  }

  /// The best of all levels: each level's survivors come best first, so the next one is always at
  /// the front of some level; of equal ones the finer level's.
  private func merge() {
    var next = [Int](repeating: 0, count: levels.count)
    count = 0
    while count < capacity {
      var best: (level: Int, score: Float)?
      for (index, level) in levels.enumerated() where next[index] < level.kept {
        let score = level.scores[Int(level.keep[next[index]])]
        if let found = best, score <= found.score { continue }
        best = (index, score)
      }
      guard let best else { return }
      let level = levels[best.level]
      let position = Int(level.keep[next[best.level]])
      for side in 0..<4 { boxStorage[4 * count + side] = level.boxes[4 * position + side] }
      scoreStorage[count] = best.score
      next[best.level] += 1
      count += 1
    }
  }
}

/// One level's memory and its two steps.
private final class Level {
  let anchors: LevelAnchors
  /// Anchors that enter suppression, at most.
  let limit: Int
  let keys: Storage<UInt32>
  let sorting: Storage<UInt64>
  let indices: Storage<UInt32>
  /// Corners and objectness of the candidates, best first.
  let boxes: Storage<Float>
  let scores: Storage<Float>
  let survivors: Int
  let suppression: Storage<Float>
  let keep: Storage<UInt32>
  var candidates = 0
  var greatest = -Float.infinity
  var kept = 0

  init(anchors: LevelAnchors, options: DetectionOptions) {
    self.anchors = anchors
    limit = min(options.rpnPreNMS, anchors.count)
    // More than that of one level are never among the best of all.
    survivors = min(limit, options.rpnPostNMS)
    keys = Storage(count: anchors.count)
    sorting = Storage(count: 2 * limit)
    indices = Storage(count: limit)
    boxes = Storage(count: 4 * limit)
    scores = Storage(count: limit)
    suppression = Storage(count: cs_nms_scratch(survivors))
    keep = Storage(count: survivors)
  }

  /// Decodes the anchors with the greatest logits; the caller has checked the sizes.
  func select(
    logits: UnsafeBufferPointer<Float>, deltas: UnsafeBufferPointer<Float>, image: PixelSize,
    options: DetectionOptions
  ) {
    candidates = 0
    greatest = -.infinity
    guard let source = logits.baseAddress else { return }
    let found = cs_topk(
      source, anchors.count, 1, 1, limit, keys.pointer, sorting.pointer, indices.pointer)
    for position in 0..<found {
      let index = Int(indices[position])
      let score = 1 / (1 + exp(-logits[index]))
      let delta = (
        deltas[4 * index], deltas[4 * index + 1], deltas[4 * index + 2], deltas[4 * index + 3]
      )
      let box = BoxCoder.proposals.decode(delta, from: anchors[index]).clamped(to: image)
      // NaN fails both.
      guard box.hasSides(ofAtLeast: RegionProposals.smallestSide),
        score >= options.rpnScoreThreshold
      else { continue }
      boxes[4 * candidates] = box.x1
      boxes[4 * candidates + 1] = box.y1
      boxes[4 * candidates + 2] = box.x2
      boxes[4 * candidates + 3] = box.y2
      scores[candidates] = score
      greatest = max(greatest, box.x2, box.y2)
      candidates += 1
    }
  }

  func suppress(offset: Float, threshold: Double) {
    kept = cs_nms(
      boxes.pointer, candidates, offset, threshold, survivors, suppression.pointer, keep.pointer)
  }
}

import Frames

/// Average precision at one IoU over the last frames, fed frame by frame, for a live page. Frames
/// are matched as they come; memory is bounded by the window and the limit of boxes per frame.
public struct RollingAveragePrecision: Sendable {
  /// So many detections (the best) and true objects (the first) of a frame count.
  public static let maximumBoxesPerFrame = 100

  /// The number of frames it looks back on, at least 1.
  public let window: Int
  /// The number of frames it holds, up to `window`.
  public var frameCount: Int { frames.count }

  private let iouThreshold: Double
  private var frames: [[String: VOCMatches]] = []
  private var next = 0

  /// An empty window.
  /// - Parameters:
  ///   - window: Frames to look back on; less than 1 counts as 1.
  ///   - iouThreshold: 0.5 for AP50.
  public init(window: Int = 300, iouThreshold: Double = 0.5) {
    self.window = max(1, window)
    self.iouThreshold = iouThreshold
  }

  /// Takes in a frame, and forgets the oldest where the window is full.
  public mutating func append(detections: [Detection], truths: [GroundTruth]) {
    let limit = Self.maximumBoxesPerFrame
    let best = detections.filter { !$0.score.isNaN }.sorted { $0.score > $1.score }.prefix(limit)
    let image = EvaluatedImage(detections: Array(best), truths: Array(truths.prefix(limit)))
    let matches = VOCMatches.perClass(image, iouThreshold: iouThreshold)
    if frames.count < window {
      frames.append(matches)
    } else {
      frames[next] = matches
      next = (next + 1) % window
    }
  }

  /// The area below the precision-recall curve of the frames held, per class that has a true
  /// object in them.
  public var averagePrecision: AveragePrecision {
    var sum: [String: VOCMatches] = [:]
    for frame in frames {
      for (label, matches) in frame { sum[label, default: VOCMatches()].append(matches) }
    }
    return AveragePrecision(perClass: sum.compactMapValues { $0.average(.area) })
  }

  /// Forgets every frame: after another model or camera.
  public mutating func reset() {
    frames.removeAll(keepingCapacity: true)
    next = 0
  }
}

import CKernels
import Engine
import Foundation

/// torchvision's `MultiScaleRoIAlign`: the features under each box, as a grid of bins, each the
/// average of bilinear samples (He et al. 2017), from the pyramid's level that fits the box's size
/// (Lin et al. 2017, equation 1). Memory is laid out ahead; one thread uses it.
public final class RoIAlign {
  /// A level of the feature pyramid.
  public struct Level: Sendable, Hashable {
    /// The feature map's size.
    public var grid: PixelSize
    /// Cells per pixel of the resized image, a power of two.
    public var scale: Float

    /// A level.
    public init(grid: PixelSize, scale: Float) {
      self.grid = grid
      self.scale = scale
    }

    /// A level with the scale that torchvision infers: the power of two nearest to the ratio of the
    /// heights.
    /// - Parameter image: the resized image, without padding.
    public init(grid: PixelSize, image: PixelSize) {
      let ratio = Float(Double(grid.height) / Double(max(image.height, 1)))
      self.init(grid: grid, scale: exp2(log2(ratio).rounded(.toNearestOrEven)))
    }
  }

  /// The levels, finest first.
  public let levels: [Level]
  /// Boxes at most.
  public let capacity: Int
  /// Channels of every level.
  public let channels: Int
  /// Bins per axis.
  public let bins: Int
  /// The feature maps' element.
  public let input: Precision
  /// The output's element.
  public let output: Precision

  private let levelIndices: Storage<UInt8>
  private let order: Storage<UInt32>
  private let sorting: Storage<UInt64>
  private let firstLevel: Int
  private let lastLevel: Int
  private var job = cs_roi_align_job()

  /// Lays out memory.
  /// - Parameters:
  ///   - samplingRatio: samples per bin and axis; 0 for one a cell.
  ///   - aligned: torchvision's half-pixel shift, which its detectors do not use.
  /// - Throws: `DetectionError` where a number is out of range.
  public init(
    levels: [Level], channels: Int, capacity: Int, bins: Int = 7, samplingRatio: Int = 2,
    aligned: Bool = false, input: Precision, output: Precision
  ) throws {
    func check(_ range: ClosedRange<Int>, _ name: String, _ found: Int) throws {
      guard range.contains(found) else {
        throw DetectionError.option(
          name: name, expected: "\(range.lowerBound) to \(range.upperBound)", found: "\(found)")
      }
    }
    try check(1...Int(CS_ROI_MAX_LEVELS), "RoIAlign levels", levels.count)
    try check(1...65_536, "RoIAlign channels", channels)
    try check(1...1_000_000, "RoIAlign capacity", capacity)
    try check(1...Int(CS_ROI_MAX_BINS), "RoIAlign bins", bins)
    try check(0...16, "RoIAlign samplingRatio", samplingRatio)
    for level in levels {
      try check(1...DetectionOptions.maximumSide, "RoIAlign map width", level.grid.width)
      try check(1...DetectionOptions.maximumSide, "RoIAlign map height", level.grid.height)
      guard level.scale.isFinite, level.scale > 0 else {
        throw DetectionError.option(
          name: "RoIAlign scale", expected: "a finite number above 0", found: "\(level.scale)")
      }
    }
    self.levels = levels
    self.channels = channels
    self.capacity = capacity
    self.bins = bins
    self.input = input
    self.output = output
    // The cut-off of the fraction is torchvision's.
    firstLevel = Int(max(-64, min(64, -log2(levels[0].scale))))
    lastLevel = Int(max(-64, min(64, -log2(levels[levels.count - 1].scale))))
    levelIndices = Storage(count: capacity)
    order = Storage(count: capacity)
    sorting = Storage(count: 2 * capacity)
    job.channels = channels
    job.bins_x = bins
    job.bins_y = bins
    job.sampling_ratio = samplingRatio
    job.aligned = aligned
    job.element_in = input == .bf16 ? 1 : 0
    job.element_out = output == .bf16 ? 1 : 0
    job.level = UnsafePointer(levelIndices.pointer)
    job.order = UnsafePointer(order.pointer)
  }

  /// Bytes of the output for a number of boxes.
  public func byteCount(boxes: Int) -> Int { boxes * bins * bins * channels * output.bytes }

  /// Pools every box.
  /// - Parameters:
  ///   - features: per level, `[height, width, channels]`.
  ///   - boxes: corners in pixels of the resized image, `count × 4`.
  ///   - target: `[count, bins, bins, channels]`; memory beyond it is left alone.
  /// - Throws: `DetectionError` where there are too many boxes or a buffer is too small.
  public func run(
    features: [UnsafeRawBufferPointer], boxes: UnsafeBufferPointer<Float>,
    into target: UnsafeMutableRawBufferPointer
  ) throws {
    guard try place(boxes, maps: features, element: input) else { return }
    guard let address = target.baseAddress, target.count >= byteCount(boxes: job.count) else {
      throw DetectionError.bufferSize(
        of: "the pooled features' bytes", expected: byteCount(boxes: job.count),
        found: target.count)
    }
    job.output = address
    cs_roi_align(&job)
    forget()
  }

  /// Adds the gradient of what was pooled to the gradients of the feature maps.
  /// - Parameters:
  ///   - gradient: of the output, `[count, bins, bins, channels]` in its element.
  ///   - boxes: those of the forward pass.
  ///   - maps: per level, f32 `[height, width, channels]`.
  /// - Throws: `DetectionError` where there are too many boxes or a buffer is too small.
  public func backward(
    _ gradient: UnsafeRawBufferPointer, boxes: UnsafeBufferPointer<Float>,
    into maps: [UnsafeMutableBufferPointer<Float>]
  ) throws {
    guard
      try place(boxes, maps: maps.map { UnsafeRawBufferPointer($0) }, element: .f32)
    else { return }
    guard let address = gradient.baseAddress, gradient.count >= byteCount(boxes: job.count) else {
      throw DetectionError.bufferSize(
        of: "the pooled features' gradient's bytes", expected: byteCount(boxes: job.count),
        found: gradient.count)
    }
    cs_roi_align_backward(&job, address, maps.map(\.baseAddress))
    forget()
  }

  /// Takes boxes and maps into the job.
  /// - Returns: whether there is anything to do.
  private func place(
    _ boxes: UnsafeBufferPointer<Float>, maps: [UnsafeRawBufferPointer], element: Precision
  ) throws -> Bool {
    let count = boxes.count / 4
    guard count <= capacity else {
      throw DetectionError.count(of: "boxes at most", expected: capacity, found: count)
    }
    guard maps.count == levels.count else {
      throw DetectionError.count(of: "feature levels", expected: levels.count, found: maps.count)
    }
    guard count > 0, let corners = boxes.baseAddress else { return false }
    try withUnsafeMutableBytes(of: &job.levels) { raw in
      let slots = raw.bindMemory(to: cs_roi_level.self)
      for (index, level) in levels.enumerated() {
        let bytes = level.grid.area * channels * element.bytes
        guard let map = maps[index].baseAddress, maps[index].count >= bytes else {
          throw DetectionError.bufferSize(
            of: "feature level \(index)'s bytes", expected: bytes, found: maps[index].count)
        }
        slots[index] = cs_roi_level(
          features: map, height: level.grid.height, width: level.grid.width, scale: level.scale)
      }
    }
    for index in 0..<count {
      levelIndices[index] = UInt8(
        truncatingIfNeeded: levelIndex(
          width: corners[4 * index + 2] - corners[4 * index],
          height: corners[4 * index + 3] - corners[4 * index + 1]))
    }
    cs_roi_order(corners, levelIndices.pointer, count, sorting.pointer, order.pointer)
    job.boxes = corners
    job.count = count
    return true
  }

  private func forget() {
    job.boxes = nil
    job.output = nil
  }

  /// torchvision's `LevelMapper`: a box of 224×224 belongs to level 4, one of twice the side to the
  /// next. In its order of operations, since boxes sit on the boundary.
  func levelIndex(width: Float, height: Float) -> Int {
    guard levels.count > 1 else { return 0 }
    let side = (width * height).squareRoot()
    let level = ((4 + log2(side / 224)) + 1e-6).rounded(.down)
    // NaN and everything below the first level.
    guard level > Float(firstLevel) else { return 0 }
    let highest = min(lastLevel - firstLevel, levels.count - 1)
    return level < Float(firstLevel + highest) ? Int(level) - firstLevel : highest
  }
}

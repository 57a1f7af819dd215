import CVideo4Linux

/// A format a device offers.
struct V4L2Offer: Equatable {
  /// One size, or a range of sizes in steps.
  struct Sizes: Equatable {
    let widths, heights: ClosedRange<Int>
    /// 0 where there is only one size.
    let widthStep, heightStep: Int

    init?(_ plain: cs_v4l2_sizes) {
      guard plain.min_width > 0, plain.min_height > 0, plain.min_width <= plain.max_width,
        plain.min_height <= plain.max_height
      else { return nil }
      widths = Int(plain.min_width)...Int(plain.max_width)
      heights = Int(plain.min_height)...Int(plain.max_height)
      widthStep = Int(plain.step_width)
      heightStep = Int(plain.step_height)
    }

    /// The size nearest to the one asked for.
    func nearest(width: Int, height: Int) -> (width: Int, height: Int) {
      (Self.nearest(width, widths, widthStep), Self.nearest(height, heights, heightStep))
    }

    private static func nearest(_ value: Int, _ range: ClosedRange<Int>, _ step: Int) -> Int {
      guard step > 0 else { return range.lowerBound }
      let inside = min(max(value, range.lowerBound), range.upperBound)
      let steps = (inside - range.lowerBound + step / 2) / step
      let rounded = range.lowerBound + steps * step
      return rounded <= range.upperBound ? rounded : rounded - step
    }
  }

  let fourcc: FourCC
  let sizes: [Sizes]
}

/// What a device shall be asked for.
struct V4L2Choice: Equatable {
  let fourcc: FourCC
  let width, height: Int
  let framesPerSecond: Double

  /// Chooses among what a device offers: the nearest size, then a sufficient rate, then the format
  /// in the order MJPEG, YUYV, NV12: compressed pictures leave room on the bus and go to the stream
  /// as they are.
  /// - Parameter rates: the rates of a format at a size; empty where the device names none.
  /// - Returns: nil where no format can be used.
  static func best(
    of offers: [V4L2Offer], for request: CameraRequest,
    rates: (FourCC, Int, Int) throws -> [ClosedRange<Double>]
  ) rethrows -> V4L2Choice? {
    var best: (choice: V4L2Choice, cost: Cost)?
    for (order, fourcc) in [FourCC.mjpg, .jpeg, .yuyv, .nv12].enumerated() {
      guard request.format == nil || request.format == fourcc.format,
        let offer = offers.first(where: { $0.fourcc == fourcc })
      else { continue }
      let size = nearestSize(offer.sizes, request)
      let rate = nearestRate(
        try rates(fourcc, size.width, size.height), request.framesPerSecond)
      let cost = Cost(
        size: distance(size, request),
        isTooSlow: rate > 0 && rate < 0.9 * request.framesPerSecond, order: order)
      if best.map({ cost < $0.cost }) ?? true {
        best = (
          V4L2Choice(
            fourcc: fourcc, width: size.width, height: size.height,
            framesPerSecond: rate > 0 ? rate : request.framesPerSecond), cost
        )
      }
    }
    return best?.choice
  }

  private struct Cost: Comparable {
    let size: Int
    let isTooSlow: Bool
    let order: Int

    static func < (a: Cost, b: Cost) -> Bool {
      if a.size != b.size { return a.size < b.size }
      if a.isTooSlow != b.isTooSlow { return b.isTooSlow }
      return a.order < b.order
    }
  }

  private static func distance(_ size: (width: Int, height: Int), _ request: CameraRequest) -> Int {
    abs(size.width - request.width) + abs(size.height - request.height)
  }

  private static func nearestSize(_ sizes: [V4L2Offer.Sizes], _ request: CameraRequest) -> (
    width: Int, height: Int
  ) {
    let nearest = sizes.map { $0.nearest(width: request.width, height: request.height) }
    return nearest.min { distance($0, request) < distance($1, request) }
      ?? (request.width, request.height)
  }

  /// The rate asked for where it lies in a range, else the next faster one, else the fastest.
  private static func nearestRate(_ ranges: [ClosedRange<Double>], _ rate: Double) -> Double {
    if ranges.contains(where: { $0.contains(rate) }) { return rate }
    let faster = ranges.map(\.lowerBound).filter { $0 > rate }.min()
    return faster ?? ranges.map(\.upperBound).max() ?? 0
  }
}

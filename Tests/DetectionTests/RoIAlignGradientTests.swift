import Engine
import Testing

@testable import Detection

/// RoIAlign is linear: its gradient is its adjoint, ⟨pool(x), dy⟩ = ⟨x, backward(dy)⟩ for all x and dy.
@Suite struct RoIAlignGradientTests {
  private static let image = PixelSize(width: 464, height: 336)
  private static let grids = [(116, 84), (58, 42), (29, 21)].map {
    PixelSize(width: $0.0, height: $0.1)
  }

  @Test(arguments: [
    (1, 2, false, 7), (5, 2, false, 7), (33, 0, true, 3), (37, 7, false, 1),
  ])
  func gradientIsTheAdjoint(channels: Int, ratio: Int, aligned: Bool, bins: Int) throws {
    var random = Random(5)
    // Boxes of every level; outside, inverted, tiny, over the edge; not a number.
    var boxes = random.boxes(24, width: 464, height: 336)
    boxes += [-90, -90, -60, -60, 50, 50, 20, 20, 3, 3, 3.01, 3.01, 400, 300, 600, 500]
    boxes += [.nan, 0, 10, 10]
    for output in Precision.allCases {
      let align = try RoIAlign(
        levels: Self.grids.map { .init(grid: $0, image: Self.image) }, channels: channels,
        capacity: 40, bins: bins, samplingRatio: ratio, aligned: aligned, input: .f32,
        output: output)
      let maps = Self.grids.map { random.floats($0.area * channels) }
      let pooled = try pooled(align, maps.map { $0.withUnsafeBytes { Array($0) } }, boxes)
      // Values that bf16 holds exactly.
      let dy = random.floats(pooled.count).map { plainFloat(plainBF16($0)) }
      let expected = zip(pooled, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
      let gradients = try backward(align, dy, boxes, start: 0)
      let found = zip(maps, gradients).reduce(0) { sum, pair in
        zip(pair.0, pair.1).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
      }
      let size = zip(pooled, dy).reduce(0) { $0 + abs(Double($1.0) * Double($1.1)) }
      #expect(abs(found - expected) < (output == .f32 ? 1e-5 : 3e-3) * size)
      #expect(expected != 0 && gradients.allSatisfy { $0.allSatisfy(\.isFinite) })
      // It is added to what is there.
      let added = try backward(align, dy, boxes, start: 2)
      for (level, map) in added.enumerated() {
        #expect(greatestDifference(map.map { $0 - 2 }, gradients[level]) < 1e-4)
      }
    }
  }

  @Test func shortBuffersAreRefused() throws {
    let align = try RoIAlign(
      levels: [.init(grid: PixelSize(width: 8, height: 8), scale: 0.125)], channels: 4,
      capacity: 2, input: .f32, output: .f32)
    let box: [Float] = [0, 0, 10, 10]
    var map = [Float](repeating: 0, count: 255)
    let dy = [Float](repeating: 0, count: 7 * 7 * 4)
    func run(_ dy: [Float]) throws {
      try map.withUnsafeMutableBufferPointer { map in
        try dy.withUnsafeBytes { dy in
          try box.withUnsafeBufferPointer { try align.backward(dy, boxes: $0, into: [map]) }
        }
      }
    }
    #expect(
      throws: DetectionError.bufferSize(
        of: "feature level 0's bytes", expected: 1024, found: 1020)
    ) { try run(dy) }
    map.append(0)
    #expect(
      throws: DetectionError.bufferSize(
        of: "the pooled features' gradient's bytes", expected: 784, found: 780)
    ) { try run(Array(dy.dropLast())) }
  }

  /// The maps' gradients, added to maps full of `start`.
  private func backward(
    _ align: RoIAlign, _ dy: [Float], _ boxes: [Float], start: Float
  ) throws -> [[Float]] {
    let maps = align.levels.map { level in
      let map = UnsafeMutableBufferPointer<Float>.allocate(
        capacity: level.grid.area * align.channels)
      map.initialize(repeating: start)
      return map
    }
    defer { for map in maps { map.deallocate() } }
    let bytes =
      align.output == .f32
      ? dy.withUnsafeBytes { Array($0) } : dy.map(plainBF16).withUnsafeBytes { Array($0) }
    try bytes.withUnsafeBytes { bytes in
      try boxes.withUnsafeBufferPointer { try align.backward(bytes, boxes: $0, into: maps) }
    }
    return maps.map { Array($0) }
  }
}

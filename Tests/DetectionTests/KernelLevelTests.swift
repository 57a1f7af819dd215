import CKernels
import Engine
import Foundation
import Frames
import Testing

@testable import Detection

/// Every kernel in every instruction set that this machine has, against its plain twin. One after
/// the other, since the level in use is one for the process.
@Suite(.serialized)
struct KernelLevelTests {
  static let levels = (CS_LEVEL_BASE...CS_LEVEL_AVX512BF16).map { Int32($0) }
    .filter(cs_level_supported)

  /// Runs something in one level and goes back to the best.
  func with(_ level: Int32, _ body: () throws -> Void) throws {
    let before = cs_level()
    defer { #expect(cs_force_level(before)) }
    try #require(cs_force_level(level))
    #expect(cs_level() == level)
    try body()
  }

  @Test func baseIsAlwaysThereAndUnknownLevelsNever() {
    #expect(cs_level_supported(Int32(CS_LEVEL_BASE)))
    #expect(!cs_level_supported(99))
    #expect(!cs_force_level(99))
    #expect(!cs_force_level(-1))
    #expect(Self.levels.contains(cs_level()))
  }

  @Test(arguments: levels)
  func conversionRoundsToNearestEven(level: Int32) throws {
    try with(level) {
      var random = Random(1)
      // Ties both ways, the largest finite number (which rounds to infinity), NaN with only low
      // bits; long enough for more than one thread.
      let special: [Float] = [
        1.00390625, 1.01171875, .greatestFiniteMagnitude, -.infinity, .infinity, 0, -0.0,
        Float(bitPattern: 0x7f80_0001), .nan, -1e-30,
      ]
      let values = special + random.floats(200_003, in: -100...100)
      var narrow = [UInt16](repeating: 0, count: values.count)
      cs_f32_to_bf16(values, &narrow, values.count)
      let expected = values.map(plainBF16)
      #expect(narrow == expected)
      #expect(narrow.contains { plainFloat($0).isNaN })
      var wide = [Float](repeating: 0, count: values.count)
      cs_bf16_to_f32(narrow, &wide, values.count)
      #expect(wide.map(\.bitPattern) == expected.map { UInt32($0) << 16 })
    }
  }

  @Test(arguments: levels)
  func preprocessingMatchesItsTwin(level: Int32) throws {
    try with(level) {
      var random = Random(2)
      for (width, height, low, high) in [
        (41, 23, 40, 90), (97, 60, 33, 70), (50, 64, 50, 64), (1, 1, 7, 9), (2, 200, 40, 100),
      ] {
        let pixels = (0..<(3 * width * height)).map { _ in
          UInt8.random(in: 0...255, using: &random)
        }
        let image = try Image(width: width, height: height, pixels: pixels)
        var options = DetectionOptions()
        options.minSize = low
        options.maxSize = high
        let source = PixelSize(width: width, height: height)
        guard let size = try? options.resizedSize(of: source) else { continue }
        let padded = DetectionOptions.paddedSize(of: size)
        let expected = plainPreprocess(
          image, mean: options.mean, std: options.std, resized: (size.width, size.height),
          padded: (padded.width, padded.height))
        for layout in [
          Preprocessor.Layout.nhwc(channels: 3), .nhwc(channels: 4), .nhwc(channels: 16), .nchw,
        ] {
          for element in Precision.allCases {
            let found = try preprocess(image, options, layout, element)
            let tolerance: Float = element == .f32 ? 3e-6 : 0.011
            #expect(
              greatestDifference(found, expected) <= tolerance,
              "\(width)×\(height) \(layout) \(element)")
          }
        }
      }
    }
  }

  /// The tensor as `[height, width, 3]` floats; the padding channels must be 0.
  func preprocess(
    _ image: Image, _ options: DetectionOptions, _ layout: Preprocessor.Layout,
    _ element: Precision
  ) throws -> [Float] {
    let preprocessor = try Preprocessor(
      source: PixelSize(width: image.width, height: image.height), options: options,
      layout: layout, element: element)
    // Nothing of what was there before may remain.
    var bytes = [UInt8](repeating: 0xff, count: preprocessor.byteCount)
    try bytes.withUnsafeMutableBytes { try preprocessor.run(image, into: $0) }
    let values: [Float] = bytes.withUnsafeBytes { raw in
      element == .f32
        ? Array(raw.bindMemory(to: Float.self)) : raw.bindMemory(to: UInt16.self).map(plainFloat)
    }
    let area = preprocessor.padded.area
    switch layout {
    case .nchw:
      return (0..<area).flatMap { place in (0..<3).map { values[$0 * area + place] } }
    case .nhwc(let channels):
      for place in 0..<area where channels > 3 {
        #expect(values[(place * channels + 3)..<((place + 1) * channels)].allSatisfy { $0 == 0 })
      }
      return (0..<area).flatMap { place in (0..<3).map { values[place * channels + $0] } }
    }
  }

  @Test(arguments: levels)
  func roiAlignMatchesItsTwin(level: Int32) throws {
    try with(level) {
      var random = Random(3)
      for (channels, ratio, aligned, bins) in [
        (1, 2, false, 7), (5, 0, true, 7), (37, 2, false, 7), (64, 2, true, 3), (161, 1, false, 2),
        (96, 0, false, 2), (300, 3, false, 2), (16, 7, true, 1), (256, 2, false, 1),
      ] {
        try compareRoIAlign(
          channels: channels, ratio: ratio, aligned: aligned, bins: bins, random: &random)
      }
    }
  }

  func compareRoIAlign(
    channels: Int, ratio: Int, aligned: Bool, bins: Int, random: inout Random
  ) throws {
    let grid = PixelSize(width: 29, height: 21)
    let scale: Float = 0.25
    var boxes = random.boxes(21, width: 116, height: 84)
    // Outside, inverted, tiny, over the edge, all of it.
    boxes += [-40, -40, -20, -20, 50, 50, 20, 20, 3, 3, 3.01, 3.01, 100, 70, 140, 99]
    boxes += [0, 0, 116, 84]
    let map = random.floats(grid.area * channels).map { plainFloat(plainBF16($0)) }
    let halves = map.map(plainBF16)
    let expected = stride(from: 0, to: boxes.count, by: 4).flatMap { first in
      plainRoIAlign(
        map, height: grid.height, width: grid.width, channels: channels,
        box: Array(boxes[first..<(first + 4)]), scale: scale, bins: bins, samplingRatio: ratio,
        aligned: aligned)
    }
    for input in Precision.allCases {
      for output in Precision.allCases {
        let align = try RoIAlign(
          levels: [.init(grid: grid, scale: scale)], channels: channels, capacity: 30, bins: bins,
          samplingRatio: ratio, aligned: aligned, input: input, output: output)
        let features =
          input == .f32
          ? map.withUnsafeBytes { Array($0) } : halves.withUnsafeBytes { Array($0) }
        let found = try pooled(align, [features], boxes)
        #expect(
          greatestDifference(found, expected) <= (output == .f32 ? 2e-6 : 0.005),
          "\(channels) channels, ratio \(ratio), \(input) to \(output)")
      }
    }
  }

  @Test(arguments: levels)
  func suppressionMatchesItsTwin(level: Int32) throws {
    try with(level) {
      var random = Random(4)
      for (count, threshold, limit) in [
        (0, 0.5, 10), (1, 0.5, 10), (15, 0.3, 20), (17, 0.0, 20), (700, 0.7, 700), (700, 0.4, 33),
      ] {
        let boxes = random.boxes(count, width: 60, height: 50)
        let suppression = NonMaximumSuppression(capacity: count, limit: limit)
        // Twice: what the first run left behind must not matter.
        for boxes in [random.boxes(count, width: 5, height: 5), boxes] {
          let found = try boxes.withUnsafeBufferPointer {
            try suppression.run(boxes: $0, scores: nil, threshold: threshold).map { Int($0) }
          }
          #expect(found == plainNMS(boxes, threshold: threshold, limit: limit))
        }
      }
    }
  }

  @Test(arguments: levels)
  func softmaxMatchesItsTwin(level: Int32) throws {
    try with(level) {
      var random = Random(5)
      for (rows, columns) in [(1, 1), (3, 2), (700, 91), (40, 17)] {
        var logits = random.floats(rows * columns, in: -12...12)
        logits[0] = 300
        var found = [Float](repeating: -1, count: rows * columns)
        cs_softmax(logits, rows, columns, columns, &found)
        let expected = plainSoftmax(logits, columns: columns)
        let worst = zip(found, expected).map { abs($0 - $1) / max($1, 1e-12) }.max() ?? .infinity
        #expect(worst < 2e-6)
      }
    }
  }
}

/// RoIAlign's output as floats.
func pooled(_ align: RoIAlign, _ features: [[UInt8]], _ boxes: [Float]) throws -> [Float] {
  let maps = features.map { bytes in
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
    copy.copyBytes(from: bytes)
    return copy
  }
  defer { for map in maps { map.deallocate() } }
  var output = [UInt8](repeating: 0xff, count: align.byteCount(boxes: boxes.count / 4))
  try output.withUnsafeMutableBytes { target in
    try boxes.withUnsafeBufferPointer { boxes in
      try align.run(
        features: maps.map { UnsafeRawBufferPointer($0) }, boxes: boxes, into: target)
    }
  }
  return output.withUnsafeBytes { raw in
    align.output == .f32
      ? Array(raw.bindMemory(to: Float.self)) : raw.bindMemory(to: UInt16.self).map(plainFloat)
  }
}

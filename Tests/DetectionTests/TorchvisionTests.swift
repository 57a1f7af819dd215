import Engine
import Foundation
import Frames
import Testing

@testable import Detection

/// Against values that torchvision computed (`boxes.safetensors`, and `reference.safetensors`, which
/// `reference.py` beside it makes).
@Suite struct TorchvisionTests {
  let boxes: Vectors
  let reference: Vectors

  init() throws {
    boxes = try Vectors("boxes")
    reference = try Vectors("reference")
  }

  @Test(arguments: ["up", "down", "same", "long"])
  func preprocessing(name: String) throws {
    let shape = try reference.shape("preprocess.\(name).image")
    let image = try Image(
      width: shape[1], height: shape[0], pixels: reference.bytes("preprocess.\(name).image"))
    let limits = try reference.integers("preprocess.\(name).limits")
    var options = DetectionOptions()
    options.minSize = limits[0]
    options.maxSize = limits[1]
    let preprocessor = try Preprocessor(
      source: PixelSize(width: shape[1], height: shape[0]), options: options, layout: .nchw,
      element: .f32)
    let size = try reference.integers("preprocess.\(name).size")
    #expect(preprocessor.resized == PixelSize(width: size[1], height: size[0]))
    let tensor = try reference.shape("preprocess.\(name).tensor")
    #expect(preprocessor.padded == PixelSize(width: tensor[2], height: tensor[1]))
    var found = [Float](repeating: .nan, count: preprocessor.byteCount / 4)
    try found.withUnsafeMutableBytes { try preprocessor.run(image, into: $0) }
    #expect(greatestDifference(found, try reference.floats("preprocess.\(name).tensor")) < 1e-5)
  }

  let grids = [(40, 32), (20, 16), (10, 8), (5, 4), (3, 2)].map {
    PixelSize(width: $0.0, height: $0.1)
  }

  func generator() throws -> AnchorGenerator {
    try AnchorGenerator(
      sizes: [[8], [16], [32], [64], [128]],
      aspectRatios: Array(repeating: [0.5, 1, 2], count: 5))
  }

  @Test func anchors() throws {
    let generator = try generator()
    var found: [Float] = []
    for (level, grid) in grids.enumerated() {
      let anchors = try generator.anchors(
        level: level, grid: grid, image: PixelSize(width: 160, height: 128))
      for index in 0..<anchors.count {
        let box = anchors[index]
        found += [box.x1, box.y1, box.x2, box.y2]
      }
    }
    #expect(found == (try reference.floats("anchors")))
  }

  @Test(arguments: [("few", 200, 150), ("many", 1000, 300)])
  func proposals(name: String, before: Int, after: Int) throws {
    var options = DetectionOptions()
    options.rpnPreNMS = before
    options.rpnPostNMS = after
    let proposals = try RegionProposals(
      grids: grids, anchors: try generator(), image: PixelSize(width: 150, height: 120),
      padded: PixelSize(width: 160, height: 128), options: options)
    let logits = try (0..<5).map { try reference.floats("rpn.logits.\($0)") }
    let deltas = try (0..<5).map { try reference.floats("rpn.deltas.\($0)") }
    for _ in 0..<2 {
      let count = try run(proposals, logits, deltas)
      #expect(count == (try reference.shape("rpn.\(name).boxes")[0]))
      #expect(
        greatestDifference(
          Array(proposals.boxes), try reference.floats("rpn.\(name).boxes")) < 1e-4)
      #expect(
        greatestDifference(
          Array(proposals.scores), try reference.floats("rpn.\(name).scores")) < 1e-6)
    }
  }

  @Test func boxCoder() throws {
    let proposals = try boxes.floats("coder.proposals")
    let targets = try boxes.floats("coder.targets")
    let references = try boxes.floats("coder.reference")
    var decoded: [Float] = []
    var encoded: [Float] = []
    func box(_ values: [Float], _ i: Int) -> Box {
      Box(x1: values[i], y1: values[i + 1], x2: values[i + 2], y2: values[i + 3])
    }
    for i in stride(from: 0, to: targets.count, by: 4) {
      let found = BoxCoder.detections.decode(
        (targets[i], targets[i + 1], targets[i + 2], targets[i + 3]), from: box(proposals, i))
      decoded += [found.x1, found.y1, found.x2, found.y2]
      let delta = BoxCoder.detections.encode(box(references, i), from: box(proposals, i))
      encoded += [delta.0, delta.1, delta.2, delta.3]
    }
    #expect(greatestDifference(decoded, try boxes.floats("coder.decoded")) < 1e-4)
    #expect(greatestDifference(encoded, targets) < 1e-4)
  }

  @Test(arguments: ["0.5", "0.7"])
  func suppression(threshold: String) throws {
    let corners = try boxes.floats("nms.boxes")
    let scores = try boxes.floats("nms.scores")
    let suppression = NonMaximumSuppression(capacity: scores.count)
    let found = try corners.withUnsafeBufferPointer { corners in
      try scores.withUnsafeBufferPointer { scores in
        try suppression.run(
          boxes: corners, scores: scores, threshold: try #require(Double(threshold))
        ).map { Int($0) }
      }
    }
    #expect(found == (try boxes.integers("nms.keep_\(threshold)")))
  }

  @Test(arguments: [
    ("roi.out_scale_0.25_s2_7x7", Float(0.25), 2, false),
    ("roi.out_scale_0.5_s0_7x7_aligned", 0.5, 0, true),
  ])
  func roiAlign(name: String, scale: Float, ratio: Int, aligned: Bool) throws {
    let shape = try boxes.shape("roi.feat")
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    let features = try boxes.floats("roi.feat")
    let rois = try boxes.floats("roi.rois")
    let expected = try boxes.floats(name)
    let align = try RoIAlign(
      levels: [.init(grid: PixelSize(width: width, height: height), scale: scale)],
      channels: channels, capacity: 1, samplingRatio: ratio, aligned: aligned, input: .f32,
      output: .f32)
    let size = 49 * channels
    for roi in 0..<(rois.count / 5) {
      let image = Int(rois[5 * roi])
      let area = height * width
      let map = (0..<area).flatMap { place in
        (0..<channels).map { features[(image * channels + $0) * area + place] }
      }
      let found = try pooled(
        align, [map.withUnsafeBytes { Array($0) }], Array(rois[(5 * roi + 1)..<(5 * roi + 5)]))
      let wanted = (0..<49).flatMap { bin in
        (0..<channels).map { expected[roi * size + $0 * 49 + bin] }
      }
      #expect(greatestDifference(found, wanted) < 1e-5)
    }
  }

  @Test func roiAlignOverLevels() throws {
    let image = PixelSize(width: 512, height: 256)
    let maps = try (0..<4).map { try reference.floats("roi.map.\($0)") }
    let levels = try (0..<4).map { level in
      let shape = try reference.shape("roi.map.\(level)")
      return RoIAlign.Level(grid: PixelSize(width: shape[1], height: shape[0]), image: image)
    }
    #expect(levels.map(\.scale) == [0.25, 0.125, 0.0625, 0.03125])
    let align = try RoIAlign(
      levels: levels, channels: 3, capacity: 80, input: .f32, output: .f32)
    let found = try pooled(
      align, maps.map { $0.withUnsafeBytes { Array($0) } }, try reference.floats("roi.boxes"))
    #expect(greatestDifference(found, try reference.floats("roi.pooled")) < 1e-5)

    let sides = try reference.floats("levels.sides")
    let indices = sides.map { align.levelIndex(width: $0, height: $0) }
    #expect(indices == (try reference.integers("levels")))
    #expect(Set(indices) == [0, 1, 2, 3])
  }

  @Test(arguments: [("few", Float(0.05), 30), ("many", 0, 100)])
  func detections(name: String, threshold: Float, limit: Int) throws {
    var options = DetectionOptions()
    options.boxScoreThreshold = threshold
    options.detectionsPerImage = limit
    let logits = try reference.floats("post.\(name).logits")
    let deltas = try reference.floats("post.\(name).deltas")
    let proposals = try reference.floats("post.\(name).proposals")
    let postprocessor = try BoxPostprocessor(classes: 6, capacity: 300, options: options)
    for _ in 0..<2 {
      let found = try run(
        postprocessor, logits, deltas, proposals, resized: PixelSize(width: 150, height: 120),
        original: PixelSize(width: 121, height: 97))
      #expect(found.map { $0.classIndex + 1 } == (try reference.integers("post.\(name).labels")))
      #expect(
        greatestDifference(
          found.map(\.score), try reference.floats("post.\(name).scores")) < 1e-6)
      #expect(
        greatestDifference(
          found.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] },
          try reference.floats("post.\(name).boxes")) < 1e-4)
    }
  }
}

/// Runs proposals on arrays.
func run(_ proposals: RegionProposals, _ logits: [[Float]], _ deltas: [[Float]]) throws -> Int {
  func copy(_ values: [Float]) -> UnsafeMutableBufferPointer<Float> {
    let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
    _ = buffer.initialize(from: values)
    return buffer
  }
  let buffers = (logits + deltas).map(copy)
  defer { for buffer in buffers { buffer.deallocate() } }
  let views = buffers.map { UnsafeBufferPointer($0) }
  return try proposals.run(
    logits: Array(views.prefix(logits.count)), deltas: Array(views.suffix(deltas.count)))
}

/// Runs postprocessing on arrays.
func run(
  _ postprocessor: BoxPostprocessor, _ logits: [Float], _ deltas: [Float], _ proposals: [Float],
  resized: PixelSize, original: PixelSize
) throws -> [ClassifiedBox] {
  try logits.withUnsafeBufferPointer { logits in
    try deltas.withUnsafeBufferPointer { deltas in
      try proposals.withUnsafeBufferPointer { proposals in
        try postprocessor.run(
          logits: logits, deltas: deltas, proposals: proposals, resized: resized,
          original: original)
      }
    }
  }
}

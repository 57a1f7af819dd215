import Engine
import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import Detection

private let vectorFolder = ProcessInfo.processInfo.environment["CLEANSIGHT_VECTORS"]

/// A whole detector of 12 million weights against torchvision's intermediate and final values. The
/// vectors are too large to keep here: `CLEANSIGHT_VECTORS` names the folder that holds
/// `fasterrcnn_resnet18_fpn.safetensors` and `….weights.safetensors`.
@Suite(.enabled(if: vectorFolder != nil)) struct SharedVectorTests {
  let vectors: SafetensorsReader
  let weights: SafetensorsReader
  let network = FasterRCNNNetwork(
    trunk: ResNet(depth: .resnet18), pyramidChannels: 64, boxHeadWidth: 256, classes: 5)
  let image: Image
  var options = DetectionOptions()
  let anchors: AnchorGenerator

  init() throws {
    let folder = try #require(vectorFolder)
    vectors = try SafetensorsReader(path: folder + "/fasterrcnn_resnet18_fpn.safetensors")
    weights = try SafetensorsReader(path: folder + "/fasterrcnn_resnet18_fpn.weights.safetensors")
    // [3, H, W] to interleaved.
    let entry = try #require(vectors.entry("image_u8_chw"))
    let planar = try vectors.integers("image_u8_chw")
    let plane = entry.shape[1] * entry.shape[2]
    image = try Image(
      width: entry.shape[2], height: entry.shape[1],
      pixels: (0..<(3 * plane)).map { UInt8(planar[$0 % 3 * plane + $0 / 3]) })
    options.minSize = 240
    options.maxSize = 320
    options.rpnPreNMS = 300
    options.rpnPostNMS = 100
    options.boxScoreThreshold = 0
    options.detectionsPerImage = 50
    anchors = try AnchorGenerator(
      sizes: FasterRCNNArchitecture.defaultAnchorSizes,
      aspectRatios: .init(repeating: FasterRCNNArchitecture.defaultAspectRatios, count: 5))
  }

  @Test(arguments: FasterRCNNTests.backends) func everyStageEqualsTorchvisions(
    backend: BackendName
  ) throws {
    let engine = try Engine(EngineOptions(backend: backend, precision: .f32))
    let stage = try FeatureStage(
      size: PixelSize(width: image.width, height: image.height), network: network,
      anchors: anchors, options: options, engine: engine,
      parameters: { try self.weights.tensor($0) })
    try stage.preprocessor.run(image, into: stage.plan.input.bytes)
    try check(stage.plan.input, "input_normalized", 0.002)
    try stage.plan.run()
    for (name, tolerance) in [
      ("fpn.2", 2e-3), ("fpn.3", 2e-3), ("fpn.pool", 2e-3), ("rpn.logits.2", 2e-3),
      ("rpn.deltas.2", 2e-3),
    ] as [(String, Float)] {
      try check(try stage.plan.output(name), name, tolerance)
    }
    let count = try stage.proposals.run(logits: stage.logits, deltas: stage.deltas)
    let expected = try vectors.tensor("proposals").values
    #expect(count * 4 == expected.count)
    #expect(greatestDifference(Array(stage.proposals.boxes), expected) < 0.05)
  }

  @Test(arguments: FasterRCNNTests.backends) func detectionsEqualTorchvisions(
    backend: BackendName
  ) throws {
    let detector = try FasterRCNN(
      network: network, anchors: anchors, classes: ["1", "2", "3", "4"], options: options,
      engine: try Engine(EngineOptions(backend: backend, precision: .f32)),
      parameters: { try self.weights.tensor($0) })
    let detections = try detector.detect(image).detections
    let boxes = try vectors.tensor("out.boxes").values
    #expect(
      greatestDifference(
        detections.map(\.score), try vectors.tensor("out.scores").values) < 1e-4)
    #expect(
      detections.map { Int64($0.classIndex + 1) } == (try vectors.integers("out.labels")))
    #expect(
      greatestDifference(
        detections.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] }, boxes) < 0.05)
  }

  /// Largest difference over the largest expected value; the vectors are f16.
  private func check(_ found: Activation, _ name: String, _ tolerance: Float) throws {
    let expected = try vectors.tensor(name)
    let (channels, plane) = (expected.shape[1], expected.shape[2] * expected.shape[3])
    let values = found.floats()
    let planar = (0..<(channels * plane)).map { values[$0 % plane * channels + $0 / plane] }
    let scale = expected.values.map(abs).max() ?? 1
    #expect(greatestDifference(planar, expected.values) / scale < tolerance, "\(name)")
  }
}

import Engine
import Foundation
import Frames
import Models
import Networks
import Tensors
import Testing

@testable import Detection

/// Whole detectors and classifiers against torchvision's, with parameters drawn from their names
/// (`tools/reference_vectors.py`).
@Suite struct FasterRCNNTests {
  static let backends: [BackendName] = [.onednn, .openblas]
  let vectors: Vectors

  init() throws { vectors = try Vectors("fasterrcnn") }

  private func image() throws -> Image {
    try Image(width: 211, height: 150, pixels: try vectors.bytes("image"))
  }

  private func detector(_ depth: ResNet.Depth, _ engine: EngineOptions) throws -> FasterRCNN {
    let network = FasterRCNNNetwork(
      trunk: ResNet(depth: depth), pyramidChannels: 16, boxHeadWidth: 32, classes: 5)
    let parameters = RandomParameters(for: network.parameters)
    var options = DetectionOptions()
    options.minSize = 160
    options.maxSize = 224
    options.rpnPreNMS = 200
    options.rpnPostNMS = 60
    options.boxScoreThreshold = 0
    options.detectionsPerImage = 30
    return try FasterRCNN(
      network: network,
      anchors: try AnchorGenerator(
        sizes: FasterRCNNArchitecture.defaultAnchorSizes,
        aspectRatios: .init(repeating: FasterRCNNArchitecture.defaultAspectRatios, count: 5)),
      classes: ["a", "b", "c", "d"], options: options, engine: try Engine(engine),
      parameters: { try parameters.tensor($0) })
  }

  /// How many of torchvision's detections are found, with class, place and score.
  private func found(
    _ expected: [Detection], in detections: [Detection], score: Float, iou: Float
  ) -> Int {
    expected.filter { wanted in
      detections.contains {
        $0.classIndex == wanted.classIndex && abs($0.score - wanted.score) < score
          && $0.box.iou(wanted.box) > iou
      }
    }.count
  }

  private func expected(_ vectors: Vectors, _ prefix: String) throws -> [Detection] {
    let boxes = try vectors.floats(prefix + "boxes")
    let scores = try vectors.floats(prefix + "scores")
    return try vectors.integers(prefix + "labels").enumerated().map { index, label in
      Detection(
        box: Box(
          x1: boxes[4 * index], y1: boxes[4 * index + 1], x2: boxes[4 * index + 2],
          y2: boxes[4 * index + 3]),
        classIndex: label - 1, label: "", score: scores[index])
    }
  }

  @Test(arguments: [ResNet.Depth.resnet18, .resnet50], backends)
  func detectionsEqualTorchvisions(depth: ResNet.Depth, backend: BackendName) throws {
    let detector = try detector(depth, EngineOptions(backend: backend, precision: .f32))
    let wanted = try expected(vectors, depth.rawValue + ".")
    let result = try detector.detect(try image())
    #expect(result.detections.count == wanted.count)
    #expect(found(wanted, in: result.detections, score: 1e-4, iou: 0.99) == wanted.count)
    #expect(zip(result.detections, wanted).allSatisfy { abs($0.score - $1.score) < 1e-4 })
    #expect(result.detections == (try detector.detect(try image())).detections)
    #expect(
      result.stages.map(\.stage) == [
        "preprocess", "trunk", "fpn", "rpn", "proposals", "roi_align", "box_head", "postprocess",
      ])
  }

  @Test(.enabled(if: Processor.hasBFloat16)) func bfloat16FindsNearlyTheSame() throws {
    let detector = try detector(.resnet18, EngineOptions(backend: .onednn, precision: .bf16))
    #expect(detector.engine.precision == .bf16)
    let wanted = try expected(vectors, "resnet18.")
    let result = try detector.detect(try image())
    // Near-equal scores of untrained heads change places; most boxes are the same ones.
    #expect(
      found(wanted, in: result.detections, score: 0.02, iou: 0.5) > wanted.count * 2 / 3)
  }

  @Test func picturesOfManySizesAreServed() throws {
    let detector = try detector(.resnet18, EngineOptions(backend: .onednn, precision: .f32))
    let first = try detector.detect(try image()).detections
    for width in [40, 64, 97, 133, 200, 320, 411] {
      let picture = try Image(width: width, height: 100, red: 90, green: 120, blue: 30)
      for detection in try detector.detect(picture).detections {
        #expect(detection.box.x1 >= 0 && detection.box.x2 <= Float(width) + 1e-3)
        #expect(detection.box.y1 >= 0 && detection.box.y2 <= 100 + 1e-3)
      }
    }
    // Its plan was given up meanwhile and compiled anew.
    #expect(try detector.detect(try image()).detections == first)
  }

  @Test(arguments: ResNet.Depth.allCases, backends)
  func logitsEqualTorchvisions(depth: ResNet.Depth, backend: BackendName) throws {
    let graph = ResNet(depth: depth).classifier(classes: 7)
    let parameters = RandomParameters(for: graph.parameters)
    let plan = try InferencePlan(
      graph, input: ActivationShape(batch: 1, height: 128, width: 128, channels: 3),
      engine: try Engine(EngineOptions(backend: backend, precision: .f32)),
      parameters: { try parameters.tensor($0) })
    let picture = try image()
    var pixels: [Float] = []
    for row in 0..<128 {
      for value in picture.pixels[(row * 211 * 3)..<((row * 211 + 128) * 3)] {
        pixels.append(Float(value) / 255 - 0.5)
      }
    }
    try plan.input.write(pixels)
    try plan.run()
    let logits = try plan.output("logits").floats()
    #expect(
      greatestDifference(logits, try vectors.floats(depth.rawValue + ".logits")) < 1e-4)
  }
}

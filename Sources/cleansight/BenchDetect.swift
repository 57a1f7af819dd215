import ArgumentParser
import Detection
import Engine
import Frames
import Models
import Networks

/// `cleansight bench detect`: whole detections, from pixels to boxes.
struct BenchDetect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect", abstract: "Detections with random weights or a model, stage by stage.")

  @Option(help: "fasterrcnn_resnet18_fpn, fasterrcnn_resnet34_fpn or fasterrcnn_resnet50_fpn.")
  var architecture = "fasterrcnn_resnet18_fpn"
  @Option(help: "A model folder instead of random weights.")
  var model: String?
  @Option(help: "Width of the picture, and of the network's input unless a model says otherwise.")
  var width = 640
  @Option(help: "Height of the picture.")
  var height = 480
  @OptionGroup var engine: EngineArguments
  @OptionGroup var bench: BenchArguments

  struct Report: BenchReport {
    let model, backend, precision: String
    let width, height, threads: Int
    let medianMs, minimumMs, p99Ms, framesPerSecond: Double
    let runs: Int
    let stagesMs: [String: Double]
    let stageOrder: [String]

    var text: String {
      let stages = stageOrder.map { "  \($0): \(figure(stagesMs[$0] ?? 0)) ms" }
      return "\(model) \(width)×\(height), \(backend) \(precision), \(threads) threads: median "
        + "\(figure(medianMs)) ms, p99 \(figure(p99Ms)) ms, \(figure(framesPerSecond, 1)) frames/s\n"
        + stages.joined(separator: "\n")
    }
  }

  func validate() throws {
    guard (32...4096).contains(width), (32...4096).contains(height) else {
      throw ValidationError(
        "expected --width and --height from 32 to 4096, found \(width)×\(height)")
    }
  }

  func run() throws {
    let detector = try makeDetector()
    let image = try BenchPicture.image(width: width, height: height)
    var stages: [String: Durations] = [:]
    var order: [String] = []
    let durations = try bench.measure {
      let result = try detector.detect(image)
      order = result.stages.map(\.stage)
      for stage in result.stages {
        stages[stage.stage, default: .init()].seconds.append(stage.seconds)
      }
    }
    try bench.show(
      Report(
        model: model ?? architecture, backend: detector.engine.backend.rawValue,
        precision: detector.engine.precision.rawValue, width: width, height: height,
        threads: detector.engine.threads, medianMs: durations.median,
        minimumMs: durations.quantile(0), p99Ms: durations.p99,
        framesPerSecond: 1000 / durations.median, runs: durations.seconds.count,
        stagesMs: stages.mapValues(\.median), stageOrder: order))
  }

  private func makeDetector() throws -> FasterRCNN {
    if let model {
      return try FasterRCNN(
        bundle: try ModelBundle(directory: model), options: engine.options)
    }
    let prefix = "fasterrcnn_"
    let suffix = "_fpn"
    guard architecture.hasPrefix(prefix), architecture.hasSuffix(suffix),
      let depth = ResNet.Depth(
        rawValue: String(architecture.dropFirst(prefix.count).dropLast(suffix.count)))
    else {
      let known = ResNet.Depth.allCases.map { prefix + $0.rawValue + suffix }
      throw ValidationError(
        "expected --architecture \(known.joined(separator: ", ")), found \(architecture)")
    }
    let network = FasterRCNNNetwork(trunk: ResNet(depth: depth), classes: 91)
    let parameters = RandomParameters(for: network.parameters)
    var options = DetectionOptions()
    options.minSize = min(width, height)
    options.maxSize = max(width, height)
    return try FasterRCNN(
      network: network,
      anchors: try AnchorGenerator(
        sizes: FasterRCNNArchitecture.defaultAnchorSizes,
        aspectRatios: .init(repeating: FasterRCNNArchitecture.defaultAspectRatios, count: 5)),
      classes: (1..<91).map { "class \($0)" }, options: options,
      engine: try Engine(engine.options), parameters: { try parameters.tensor($0) })
  }
}

/// A picture with some structure, the same in every run.
enum BenchPicture {
  static func image(width: Int, height: Int) throws -> Image {
    var image = try Image(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let pixel = (y * width + x) * 3
        image.pixels[pixel] = UInt8(truncatingIfNeeded: x / 2)
        image.pixels[pixel + 1] = UInt8(truncatingIfNeeded: y / 2)
        image.pixels[pixel + 2] = (x / 40 + y / 40) % 2 == 0 ? 220 : 30
      }
    }
    return image
  }
}

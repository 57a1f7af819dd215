import ArgumentParser
import DetectorTraining
import Engine
import Models

/// `cleansight bench train-detect-step`: a step of a detector's training.
struct BenchTrainDetectStep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train-detect-step",
    abstract: "A step of a detector's training: both passes of a batch, and descent.",
    discussion: """
      Faster R-CNN with a ResNet-18 on noise with five objects a picture, random weights, the stem and \
      the first stage frozen; 256 anchors, 2000 proposals and 512 regions a picture, as torchvision's.
      """)

  @Option(help: "Width of the pictures in pixels.")
  var width = 640
  @Option(help: "Height of the pictures in pixels.")
  var height = 480
  @Option(help: "Channels of the feature pyramid.")
  var fpnChannels = 128
  @Option(help: "Pictures of a step.")
  var batch = 2
  @Option(help: "Steps to measure, after one to warm up.")
  var steps = 5
  @Flag(help: "Print JSON.")
  var json = false
  @OptionGroup var engine: EngineArguments

  struct Report: BenchReport {
    let backend, precision: String
    let batch, threads, steps, fpnChannels, width, height: Int
    let secondsPerStep: Double
    let planMegabytes: Int

    var text: String {
      """
      Faster R-CNN ResNet-18 FPN \(fpnChannels), \(batch) × \(width)×\(height), \(backend) \
      \(precision), \(threads) threads
      step      \(figure(secondsPerStep, 3)) s
      plans     \(planMegabytes) MB
      """
    }
  }

  func validate() throws {
    guard (1...1000).contains(steps) else {
      throw ValidationError("expected --steps from 1 to 1000, found \(steps)")
    }
    guard (64...2048).contains(width), (64...2048).contains(height) else {
      throw ValidationError(
        "expected --width and --height from 64 to 2048, found \(width) and \(height)")
    }
    guard (2...64).contains(batch) else {
      throw ValidationError("expected --batch from 2 to 64, found \(batch)")
    }
    guard (1...1024).contains(fpnChannels) else {
      throw ValidationError("expected --fpn-channels from 1 to 1024, found \(fpnChannels)")
    }
  }

  func run() throws {
    let engine = try Engine(self.engine.options)
    let shorter = min(width, height)
    let measurement = try DetectorStepMeasurement(
      DetectorTrainingOptions(
        architecture: FasterRCNNArchitecture(
          trunk: .resnet18, classes: 20, fpnChannels: fpnChannels),
        classes: (0..<20).map { "class\($0)" }, minSize: shorter, maxSize: max(width, height),
        augmentation: try DetectionAugmentation(shorterSides: [shorter]),
        regionSampler: .proposals, proposalsBefore: 2000, proposalsAfter: 2000,
        settings: .detector(batch: batch)), width: width, height: height, engine: engine)
    _ = try measurement.seconds()
    let seconds = try (0..<steps).map { _ in try measurement.seconds() }.sorted()
    let report = Report(
      backend: engine.backend.rawValue, precision: engine.precision.rawValue, batch: batch,
      threads: engine.threads, steps: steps, fpnChannels: fpnChannels, width: width,
      height: height, secondsPerStep: seconds[seconds.count / 2],
      planMegabytes: measurement.memoryBytes >> 20)
    try BenchArguments.parse(json ? ["--json"] : []).show(report)
  }
}

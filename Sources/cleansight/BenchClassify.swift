import ArgumentParser
import Engine
import Networks

/// `cleansight bench classify`: ResNet forward passes with random weights.
struct BenchClassify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify", abstract: "Forward passes of a ResNet classifier.")

  @Option(help: "resnet18, resnet34 or resnet50.")
  var architecture = ResNet.Depth.resnet18
  @Option(help: "Side of the square pictures in pixels.")
  var size = 224
  @Option(help: "Pictures at once.")
  var batch = 1
  @OptionGroup var engine: EngineArguments
  @OptionGroup var bench: BenchArguments

  struct Report: BenchReport {
    let architecture, backend, precision: String
    let size, batch, threads: Int
    let medianMs, minimumMs, p99Ms, imagesPerSecond: Double
    let runs: Int
    let kernels: [String]

    var text: String {
      "\(architecture) \(size)×\(size) batch \(batch), \(backend) \(precision), "
        + "\(threads) threads: median \(figure(medianMs)) ms, p99 \(figure(p99Ms)) ms, "
        + "\(figure(imagesPerSecond, 1)) images/s"
    }
  }

  func validate() throws {
    guard (32...4096).contains(size) else {
      throw ValidationError("expected --size from 32 to 4096, found \(size)")
    }
    guard (1...1024).contains(batch) else {
      throw ValidationError("expected --batch from 1 to 1024, found \(batch)")
    }
  }

  func run() throws {
    let graph = ResNet(depth: architecture).classifier(classes: 1000)
    let parameters = RandomParameters(for: graph.parameters)
    let engine = try Engine(self.engine.options)
    let shape = ActivationShape(batch: batch, height: size, width: size, channels: 3)
    let plan = try InferencePlan(
      graph, input: shape, engine: engine, parameters: { try parameters.tensor($0) })
    let pixels = (0..<shape.count).map { Float($0 % 255) / 128 - 1 }
    try plan.input.write(pixels)
    let durations = try bench.measure { try plan.run() }
    try bench.show(
      Report(
        architecture: architecture.rawValue, backend: engine.backend.rawValue,
        precision: engine.precision.rawValue, size: size, batch: batch, threads: engine.threads,
        medianMs: durations.median, minimumMs: durations.quantile(0), p99Ms: durations.p99,
        imagesPerSecond: 1000 * Double(batch) / durations.median, runs: durations.seconds.count,
        kernels: Array(Set(plan.listing.map(\.implementation))).sorted()))
  }
}

extension ResNet.Depth: ExpressibleByArgument {}

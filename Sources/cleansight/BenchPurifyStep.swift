import ArgumentParser
import Engine
import Foundation
import Models
import Purification

/// `cleansight bench purify-step`: a step of Contrastive Backdoor Defense beside its convolutions.
struct BenchPurifyStep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purify-step",
    abstract: "A step of purification, beside its convolutions alone.",
    discussion: "Pictures are noise. The preset is the paper's for CIFAR-10 unless given.")

  @Option(help: "The backbone, a safetensors file.")
  var backbone: String
  @Option(help: "paper-cifar10, paper-imagenet100 or device.")
  var preset = "paper-cifar10"
  @Option(help: "Pictures of a batch.")
  var batch: Int?
  @Option(help: "Ascent steps of a batch.")
  var pgdSteps: Int?
  @Option(help: "Steps to measure, after one to warm up.")
  var steps = 3
  @Flag(help: "Print JSON.")
  var json = false
  @OptionGroup var engine: EngineArguments

  struct Report: BenchReport {
    let backend, precision, preset: String
    let batch, pgdSteps, threads, steps: Int
    let secondsPerStep, convolutionsSecondsPerStep, stepOverConvolutions: Double
    let pgdStepSeconds, pgdConvolutionsSeconds, pgdStepOverConvolutions: Double
    let planMegabytes: Int

    var text: String {
      """
      \(preset), batch \(batch), PGD-\(pgdSteps), \(backend) \(precision), \(threads) threads
      step      \(figure(secondsPerStep, 3)) s, convolutions alone \
      \(figure(convolutionsSecondsPerStep, 3)) s: \(figure(stepOverConvolutions)) ×
      PGD step  \(figure(pgdStepSeconds, 3)) s, convolutions alone \
      \(figure(pgdConvolutionsSeconds, 3)) s: \(figure(pgdStepOverConvolutions)) ×
      plans     \(planMegabytes) MB
      """
    }
  }

  func validate() throws {
    guard (1...1000).contains(steps) else {
      throw ValidationError("expected --steps from 1 to 1000, found \(steps)")
    }
  }

  func run() throws {
    guard var options = PurificationOptions.presets.first(where: { $0.preset == preset }) else {
      let known = PurificationOptions.presets.map(\.preset).joined(separator: ", ")
      throw ValidationError("expected --preset \(known), found \(preset)")
    }
    if let batch { options.batch = batch }
    if let pgdSteps { options.pgdSteps = pgdSteps }
    let engine = try Engine(self.engine.options)
    let measurement = try StepMeasurement(
      try BackboneFile(path: backbone), engine: engine, options: options)
    _ = try measurement.step()
    _ = try measurement.convolutions()
    var whole: [Double] = []
    var alone: [Double] = []
    var pgd: [(whole: Double, convolutions: Double)] = []
    // In turns, so that a machine whose speed drifts is as slow for both.
    for _ in 0..<steps {
      whole.append(try measurement.step())
      alone.append(try measurement.convolutions())
      pgd.append(try measurement.pgdStep())
    }
    func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    let pgdWhole = median(pgd.map(\.whole))
    let pgdAlone = median(pgd.map(\.convolutions))
    let report = Report(
      backend: engine.backend.rawValue, precision: engine.precision.rawValue, preset: preset,
      batch: options.batch, pgdSteps: options.pgdSteps, threads: engine.threads, steps: steps,
      secondsPerStep: median(whole), convolutionsSecondsPerStep: median(alone),
      stepOverConvolutions: median(zip(whole, alone).map { $0 / $1 }),
      pgdStepSeconds: pgdWhole, pgdConvolutionsSeconds: pgdAlone,
      pgdStepOverConvolutions: median(pgd.map { $0.whole / $0.convolutions }),
      planMegabytes: measurement.planBytes >> 20)
    let bench = try BenchArguments.parse(json ? ["--json"] : [])
    try bench.show(report)
  }
}

import ArgumentParser

/// `cleansight bench`: how fast this machine is, stage by stage. `Benchmarks/` runs it beside its
/// peers.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract:
      "Measure how fast this machine classifies, detects, serves a stream, purifies and trains.",
    subcommands: [
      BenchClassify.self, BenchDetect.self, BenchStream.self, BenchPurifyStep.self,
      BenchTrainDetectStep.self, Sift.self, Guard.self,
    ])
}

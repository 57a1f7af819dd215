import Foundation
import Testing

/// `cleansight bench`: the keys that scripts read. What the figures are is for `Benchmarks`.
@Suite struct BenchCommandTests {
  private func keys(_ command: Command) throws -> Set<String> {
    #expect(command.status == 0, "\(command.errors)")
    return Set(try command.json.keys)
  }

  @Test(arguments: ["onednn", "openblas"]) func classify(backend: String) throws {
    let command = try Command(
      "bench", "classify", "--size", "32", "--batch", "1", "--precision", "f32", "--threads", "2",
      "--backend", backend, "--seconds", "0.1", "--json")
    #expect(try keys(command).isSuperset(of: ["median_ms", "p99_ms", "images_per_second"]))
    #expect(try command.json["backend"] as? String == backend)
  }

  @Test func detect() throws {
    let command = try Command(
      "bench", "detect", "--model", Command.model, "--width", "96", "--height", "64",
      "--seconds", "0.1", "--json")
    #expect(
      try keys(command).isSuperset(of: ["median_ms", "p99_ms", "frames_per_second", "stages_ms"]))
  }

  @Test func trainDetectStep() throws {
    let command = try Command(
      "bench", "train-detect-step", "--width", "96", "--height", "64", "--fpn-channels", "16",
      "--steps", "1", "--precision", "f32", "--json")
    #expect(try keys(command).isSuperset(of: ["seconds_per_step", "plan_megabytes"]))
    #expect(try #require(command.json["seconds_per_step"] as? Double) > 0)
  }

  @Test func stream() throws {
    let command = try Command(
      "bench", "stream", "--model", Command.model, "--width", "96", "--height", "64", "--fps", "10",
      "--seconds", "1", "--json")
    #expect(
      try keys(command).isSuperset(
        of: ["median_ms", "p99_ms", "frames_per_second", "resident_mib_end", "share_of_ceiling"]))
  }

  @Test(arguments: [
    ["bench", "classify", "--size", "1"], ["bench", "detect", "--architecture", "yolo"],
    ["bench", "stream", "--fps", "0"], ["bench", "classify", "--threads", "0"],
  ]) func wrongOptionsAreRefused(arguments: [String]) throws {
    let command = try Command(arguments)
    #expect(command.status != 0)
    #expect(command.errors.contains("expected"), "\(command.errors)")
  }
}

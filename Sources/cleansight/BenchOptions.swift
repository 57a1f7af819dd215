import ArgumentParser
import Engine
import Foundation

/// What every benchmark of the engine asks for.
struct EngineArguments: ParsableArguments {
  @Option(help: "onednn, openblas or plain; the best here unless given.")
  var backend: BackendName?
  @Option(help: "f32 or bf16; the fastest here unless given.")
  var precision: Precision?
  @Option(help: "Worker threads; one a core unless given.")
  var threads: Int?
  @Flag(inversion: .prefixedNo, help: "Allow Winograd's algorithm for f32 convolutions.")
  var winograd = true

  var options: EngineOptions {
    EngineOptions(
      backend: backend, precision: precision, threads: threads, allowsWinograd: winograd)
  }
}

extension BackendName: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}

/// How long to measure, and how to print.
struct BenchArguments: ParsableArguments {
  @Option(help: "Seconds to measure for, after a tenth of it to warm up.")
  var seconds = 10.0
  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard (0.1...3600).contains(seconds) else {
      throw ValidationError("expected --seconds from 0.1 to 3600, found \(seconds)")
    }
  }

  /// Calls `body` until the time is over, with the duration of each call.
  func measure(_ body: () throws -> Void) throws -> Durations {
    let clock = ContinuousClock()
    var durations = Durations()
    let warm = clock.now + .seconds(seconds / 10)
    repeat { try body() } while clock.now < warm
    let end = clock.now + .seconds(seconds)
    repeat {
      let start = clock.now
      try body()
      durations.seconds.append((clock.now - start).seconds)
    } while clock.now < end
    return durations
  }

  /// Prints the report: JSON with sorted keys, or a line each.
  func show(_ report: some BenchReport) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    print(json ? String(decoding: try encoder.encode(report), as: UTF8.self) : report.text)
  }
}

/// A benchmark's result; keys carry their unit.
protocol BenchReport: Encodable {
  var text: String { get }
}

/// Durations of single runs in seconds.
struct Durations {
  var seconds: [Double] = []

  /// The value below which a share of the runs lies, in milliseconds.
  func quantile(_ share: Double) -> Double {
    let sorted = seconds.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))] * 1000
  }

  var median: Double { quantile(0.5) }
  var p99: Double { quantile(0.99) }
}

/// A number for people.
func figure(_ value: Double, _ digits: Int = 2) -> String {
  String(format: "%.\(digits)f", value)
}

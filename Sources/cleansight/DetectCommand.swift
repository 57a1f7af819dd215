import ArgumentParser
import Daemon
import Detection
import Foundation
import Frames
import Pipeline
import Settings

/// `cleansight detect`: what the daemon would find in pictures.
struct DetectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect", abstract: "Find things in JPEGs, as the daemon does.")

  @Argument(help: "JPEG files.") var images: [String]
  @Option(help: "The model's folder; without it the model delivered with CleanSight.")
  var model: String?
  @Option(help: "Detections that score below this are left out, 0 to 1.") var score = 0.5
  @Option(help: "Write the picture with its boxes to this file; for one picture.")
  var overlay: String?
  @Option(help: "auto, onednn or openblas.") var backend: EngineSettings.Backend = .auto
  @Option(help: "auto, f32 or bf16.") var precision: EngineSettings.Precision = .auto
  @Option(help: "Threads of the inference; without it one per processor.") var threads: Int?
  @Flag(help: "One JSON object per line, as the daemon publishes it.") var json = false

  func validate() throws {
    guard !images.isEmpty else { throw ValidationError("Expected a picture, found none.") }
    guard overlay == nil || images.count == 1 else {
      throw ValidationError("Expected one picture with --overlay, found \(images.count).")
    }
    guard (0...1).contains(score) else {
      throw ValidationError("Expected --score from 0 to 1, found \(score).")
    }
    let maximum = EngineSettings.maximumThreads
    guard (1...maximum).contains(threads ?? 1) else {
      throw ValidationError("Expected --threads from 1 to \(maximum), found \(threads ?? 0).")
    }
  }

  func run() throws {
    var settings = Settings()
    settings.model = model
    settings.engine.backend = backend
    settings.engine.precision = precision
    settings.engine.threads = threads
    let prepared = try DetectorFactory.prepare(
      folder: try Locations.current.model(settings), engine: settings.engine)
    let (detector, _) = try prepared.make()
    var failures = 0
    for path in images {
      do {
        try detect(path, with: detector, model: prepared.name)
      } catch {
        failures += 1
        FileHandle.standardError.write(Data("\(path): \(error)\n".utf8))
      }
    }
    if failures > 0 { throw ExitCode.failure }
  }

  private func detect(_ path: String, with detector: any ObjectDetector, model: String) throws {
    let clock = ContinuousClock()
    var image: Image?
    let limits = JPEGLimits()
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw FileFailure(reason: String(cString: strerror(errno)))
    }
    defer { try? handle.close() }
    let bytes = [UInt8](try handle.read(upToCount: limits.bytes + 1) ?? Data())
    let decode = try clock.measure { image = try JPEGDecoder(limits: limits).decode(bytes) }
    guard var image else { return }
    let result = try detector.detect(image)
    let seconds =
      Double(decode.components.seconds) + Double(decode.components.attoseconds) * 1e-18
    // Compared as the daemon compares.
    let detections = result.detections.filter { $0.score >= Float(score) }
    let report = DetectionReport(
      width: image.width, height: image.height, detections: detections,
      stages: [StageTime(stage: "decode", seconds: seconds)] + result.stages, model: model,
      file: path)
    if json {
      print(String(decoding: try JSONEncoder.published.encode(report), as: UTF8.self))
    } else {
      describe(report)
    }
    if let overlay {
      Overlay().draw(detections, on: &image)
      try Data(JPEGEncoder(quality: 90).encode(image)).write(to: URL(fileURLWithPath: overlay))
    }
  }

  private func describe(_ report: DetectionReport) {
    let total = report.stages.map(\.ms).reduce(0, +)
    print("\(report.file ?? ""): \(report.detections.count) found in \(Int(total.rounded())) ms")
    for item in report.detections {
      let box = item.box.map { "\(Int($0.rounded()))" }.joined(separator: ", ")
      let percent = "\(Int((item.score * 100).rounded())) %"
      let label = item.label.padding(toLength: 16, withPad: " ", startingAt: 0)
      print("  \(label) \(percent)  at (\(box))")
    }
  }

  private struct FileFailure: Error, CustomStringConvertible {
    var reason: String
    var description: String { "expected a JPEG, found: \(reason)" }
  }
}

extension EngineSettings.Backend: ExpressibleByArgument {}
extension EngineSettings.Precision: ExpressibleByArgument {}

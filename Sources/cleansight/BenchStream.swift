import ArgumentParser
import Cameras
import Daemon
import Detection
import Engine
import Foundation
import Frames
import Logging
import Pipeline
import Scenes
import Settings

/// `cleansight bench stream`: the daemon's own pipeline on a stream of JPEGs, from bytes to published
/// detections.
struct BenchStream: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stream",
    abstract: "Detections from a stream of JPEGs: frames a second, latency, memory.",
    discussion: """
      A rendered scene is encoded beforehand and played at a rate, newest picture first, as a camera \
      would. Latency is from the moment the bytes are there until the detections are JSON. The ceiling \
      is the rate at which the detector alone would run.
      """)

  @Option(help: "A model folder; without it the model delivered with CleanSight.")
  var model: String?
  @Option(help: "Pictures a second that the camera gives.") var fps = 30.0
  @Option(help: "Width of the pictures.") var width = 640
  @Option(help: "Height of the pictures.") var height = 480
  @OptionGroup var engine: EngineArguments
  @OptionGroup var bench: BenchArguments

  struct Report: BenchReport {
    let model, engine: String
    let width, height: Int
    let seconds, cameraFramesPerSecond, framesPerSecond, medianMs, p99Ms: Double
    let p99OverMedian, detectorMs, ceilingFramesPerSecond, shareOfCeiling: Double
    let residentMibStart, residentMibEnd, residentMibPeak: Double
    let stagesMs: [String: Double]
    let stageOrder: [String]

    var text: String {
      let stages = stageOrder.map { "  \($0): \(figure(stagesMs[$0] ?? 0)) ms" }
      return """
        \(model) on \(width)×\(height) JPEGs at \(figure(cameraFramesPerSecond, 1))/s, \(engine): \
        \(figure(framesPerSecond, 1)) frames/s (\(figure(shareOfCeiling * 100, 0)) % of the detector \
        alone), latency median \(figure(medianMs)) ms, p99 \(figure(p99Ms)) ms; resident \
        \(figure(residentMibStart, 0)) to \(figure(residentMibEnd, 0)) MiB
        \(stages.joined(separator: "\n"))
        """
    }
  }

  func validate() throws {
    guard (0.1...1000).contains(fps) else {
      throw ValidationError("expected --fps from 0.1 to 1000, found \(fps)")
    }
    guard (32...4096).contains(width), (32...4096).contains(height) else {
      throw ValidationError(
        "expected --width and --height from 32 to 4096, found \(width)×\(height)")
    }
  }

  func run() async throws {
    var settings = Settings()
    settings.model = model
    settings.engine.backend = engine.backend.flatMap { .init(rawValue: $0.rawValue) } ?? .auto
    settings.engine.precision = engine.precision.flatMap { .init(rawValue: $0.rawValue) } ?? .auto
    settings.engine.threads = engine.threads
    let prepared = try DetectorFactory.prepare(
      folder: try Locations.current.model(settings), engine: settings.engine)
    let source = RecordedSource(
      pictures: try Self.record(width: width, height: height), fps: fps, width: width,
      height: height)
    var logger = Logger(label: "bench")
    logger.logLevel = .error
    let pipeline = Pipeline(
      detector: prepared, minimumScore: Float(settings.detection.score), logger: logger)
    try await pipeline.apply([
      CameraSpecification(name: "bench", identity: "bench", source: source)
    ])
    let running = Task { try await pipeline.run() }
    let record = try await listen(to: pipeline)
    let status = pipeline.model
    running.cancel()
    _ = try? await running.value
    try bench.show(try report(record, model: prepared.name, engine: status?.engine ?? ""))
  }

  /// What was published while the benchmark ran.
  private struct Record {
    var latency = Durations()
    var stages: [String: Durations] = [:]
    var order: [String] = []
    var span = 0.0
    var residentStart = 0.0
    var residentPeak = 0.0
  }

  private func listen(to pipeline: Pipeline) async throws -> Record {
    let channel = try pipeline.channel("bench")
    let encoder = JSONEncoder.published
    let clock = ContinuousClock()
    var record = Record()
    var begin: ContinuousClock.Instant?
    let start = clock.now
    for await view in channel.views.subscribe(includingLatest: false) {
      guard case .frame(let result) = view else { continue }
      _ = try encoder.encode(DetectionReport(result))
      let now = clock.now
      // The first tenth warms up.
      guard (now - start).seconds > bench.seconds / 10 else { continue }
      guard let first = begin else {
        begin = now
        record.residentStart = Resident.mebibytes
        continue
      }
      record.latency.seconds.append((now - result.frame.captured).seconds)
      for stage in result.stages {
        record.stages[stage.stage, default: .init()].seconds.append(stage.seconds)
      }
      record.order = result.stages.map(\.stage)
      record.residentPeak = max(record.residentPeak, Resident.mebibytes)
      record.span = (now - first).seconds
      if record.span > bench.seconds { break }
    }
    return record
  }

  private func report(_ record: Record, model: String, engine: String) throws -> Report {
    guard record.span > 0 else { throw ValidationError("no detection was published") }
    let stages = record.stages.mapValues(\.median)
    // What is not the detector's: everything around it overlaps with it on another thread.
    let around = ["capture", "decode", "wait", "publish"]
    let detector = stages.filter { !around.contains($0.key) }.values.reduce(0, +)
    let rate = Double(record.latency.seconds.count) / record.span
    return Report(
      model: model, engine: engine, width: width, height: height, seconds: record.span,
      cameraFramesPerSecond: fps, framesPerSecond: rate, medianMs: record.latency.median,
      p99Ms: record.latency.p99, p99OverMedian: record.latency.p99 / record.latency.median,
      detectorMs: detector, ceilingFramesPerSecond: min(fps, 1000 / detector),
      shareOfCeiling: rate / min(fps, 1000 / detector), residentMibStart: record.residentStart,
      residentMibEnd: Resident.mebibytes, residentMibPeak: record.residentPeak, stagesMs: stages,
      stageOrder: record.order)
  }

  /// Some seconds of a rendered scene as JPEGs.
  private static func record(width: Int, height: Int) throws -> [[UInt8]] {
    let scene = try Scene(SceneOptions(width: width, height: height, seed: 1, framesPerSecond: 15))
    let encoder = JPEGEncoder(quality: 85)
    return try (0..<90).map { try encoder.encode(try scene.frame(at: $0, trigger: nil).image) }
  }
}

/// Plays JPEGs from memory at a rate.
private struct RecordedSource: CameraSource {
  let pictures: [[UInt8]]
  let fps: Double
  let width, height: Int

  var address: String { "bench:" }

  func open() throws -> any CameraSession { Session(self) }

  private final class Session: CameraSession {
    private let source: RecordedSource
    private let start = ContinuousClock.now
    private var next = 0
    let mode: CameraMode
    private(set) var refusals: [String: UInt64] = [:]

    init(_ source: RecordedSource) {
      self.source = source
      mode = CameraMode(
        width: source.width, height: source.height, framesPerSecond: source.fps, format: "MJPEG")
    }

    func next(timeout: Duration) throws -> CapturedPicture? {
      let due = start + .seconds(Double(next) / source.fps)
      let now = ContinuousClock.now
      if due > now { usleep(UInt32(min((due - now).seconds, timeout.seconds) * 1e6)) }
      guard ContinuousClock.now >= due else { return nil }
      // The newest that is due; those before it were overtaken.
      let newest = Int((ContinuousClock.now - start).seconds * source.fps)
      if newest > next { refusals["overtaken", default: 0] += UInt64(newest - next) }
      next = max(next, newest) + 1
      return CapturedPicture(
        payload: .jpeg(source.pictures[(next - 1) % source.pictures.count]),
        captured: .now, date: Date())
    }

    func close() {}
  }
}

/// The memory of this process that is in use.
enum Resident {
  /// Resident set in MiB, from `/proc/self/statm`.
  static var mebibytes: Double {
    guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else {
      return 0
    }
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1_048_576
  }
}

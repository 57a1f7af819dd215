import CoreMetrics
import Detection
import Frames
import Sifting
import Synchronization

/// The pipeline's metrics. The first four have the names that users of Frigate know.
struct PipelineMetrics: Sendable {
  private let factory: any MetricsFactory
  private let compute: Recorder
  private let queue: Recorder
  private let output: Recorder
  private let cameras: CameraMeters

  init(factory: any MetricsFactory) {
    self.factory = factory
    compute = Recorder(
      label: "cleansight_compute_seconds", dimensions: [], aggregate: true, factory: factory)
    queue = Recorder(
      label: "cleansight_queue_seconds", dimensions: [], aggregate: true, factory: factory)
    output = Recorder(
      label: "cleansight_output_seconds", dimensions: [], aggregate: true, factory: factory)
    cameras = CameraMeters(factory: factory)
  }

  func record(_ result: FrameResult, compute seconds: Double) {
    for stage in result.stages {
      cameras.recorder("cleansight_stage_seconds", result.frame.camera, ("stage", stage.stage))
        .record(stage.seconds)
      if stage.stage == "wait" { queue.record(stage.seconds) }
      if stage.stage == "publish" { output.record(stage.seconds) }
    }
    compute.record(seconds)
    cameras.recorder("cleansight_latency_seconds", result.frame.camera).record(result.latency)
    for (label, count) in Dictionary(grouping: result.detections, by: \.label).mapValues(\.count) {
      cameras.counter("cleansight_detections_total", result.frame.camera, ("label", label))
        .increment(by: count)
    }
  }

  /// The time of half a look.
  func recordGuard(seconds: Double, camera: String) {
    cameras.recorder("cleansight_guard_seconds", camera).record(seconds)
  }

  func record(_ verdict: GuardVerdict, camera: String) {
    cameras.counter("cleansight_guard_looks_total", camera, ("state", verdict.state.rawValue))
      .increment()
    cameras.meter("cleansight_guard_suspect", camera).set(verdict.state == .suspect ? 1 : 0)
    cameras.meter("cleansight_guard_score", camera).set(verdict.score)
  }

  /// Sets what is a state rather than an event; called before the metrics are read.
  func update(cameras snapshots: [CameraSnapshot], inferenceSeconds: Double?, model: String) {
    for snapshot in snapshots {
      let name = snapshot.name
      cameras.meter("camera_fps", name).set(snapshot.cameraFps)
      cameras.meter("detection_fps", name).set(snapshot.detectionFps)
      cameras.meter("skipped_fps", name).set(snapshot.skippedFps)
      cameras.meter("cleansight_camera_online", name).set(
        snapshot.status.state == .online ? 1 : 0)
      cameras.meter("cleansight_frames_delivered", name).set(Double(snapshot.delivered))
      cameras.meter("cleansight_frames_detected", name).set(Double(snapshot.detected))
      cameras.meter("cleansight_frames_skipped", name).set(Double(snapshot.skipped))
      cameras.meter("cleansight_camera_reopened", name).set(Double(snapshot.reopened))
      for (reason, count) in snapshot.refused {
        cameras.meter("cleansight_frames_refused", name, ("reason", reason)).set(Double(count))
      }
    }
    if let inferenceSeconds {
      Meter(
        label: "detector_inference_speed_seconds", dimensions: [("name", model)], factory: factory
      ).set(inferenceSeconds)
    }
  }

  /// Forgets a camera that is gone.
  func remove(camera: String) { cameras.remove(camera: camera) }

  func countRequest() {
    Counter(label: "cleansight_requested_detections_total", dimensions: [], factory: factory)
      .increment()
  }

  func countFailure() {
    Counter(label: "cleansight_inference_failures_total", dimensions: [], factory: factory)
      .increment()
  }
}

/// The metrics of cameras, made on first use and removed with their camera.
private final class CameraMeters: Sendable {
  private enum Handle: Sendable {
    case recorder(Recorder)
    case counter(Counter)
    case meter(Meter)
  }
  private struct Key: Hashable {
    var label, camera, extra: String
  }
  private let factory: any MetricsFactory
  private let handles = Mutex<[Key: Handle]>([:])

  init(factory: any MetricsFactory) { self.factory = factory }

  func recorder(_ label: String, _ camera: String, _ extra: (String, String)? = nil) -> Recorder {
    let handle = handle(label, camera, extra) { factory, dimensions in
      .recorder(Recorder(label: label, dimensions: dimensions, aggregate: true, factory: factory))
    }
    if case .recorder(let recorder) = handle { return recorder }
    return Recorder(label: label, dimensions: [], aggregate: true, factory: factory)
  }

  func counter(_ label: String, _ camera: String, _ extra: (String, String)? = nil) -> Counter {
    let handle = handle(label, camera, extra) { factory, dimensions in
      .counter(Counter(label: label, dimensions: dimensions, factory: factory))
    }
    if case .counter(let counter) = handle { return counter }
    return Counter(label: label, dimensions: [], factory: factory)
  }

  func meter(_ label: String, _ camera: String, _ extra: (String, String)? = nil) -> Meter {
    let handle = handle(label, camera, extra) { factory, dimensions in
      .meter(Meter(label: label, dimensions: dimensions, factory: factory))
    }
    if case .meter(let meter) = handle { return meter }
    return Meter(label: label, dimensions: [], factory: factory)
  }

  func remove(camera: String) {
    let removed = handles.withLock { handles in
      let keys = handles.keys.filter { $0.camera == camera }
      return keys.compactMap { handles.removeValue(forKey: $0) }
    }
    for handle in removed {
      switch handle {
      case .recorder(let recorder): recorder.destroy()
      case .counter(let counter): counter.destroy()
      case .meter(let meter): meter.destroy()
      }
    }
  }

  private func handle(
    _ label: String, _ camera: String, _ extra: (String, String)?,
    make: (any MetricsFactory, [(String, String)]) -> Handle
  ) -> Handle {
    handles.withLock { handles in
      let key = Key(label: label, camera: camera, extra: extra?.1 ?? "")
      if let handle = handles[key] { return handle }
      let handle = make(factory, [("camera_name", camera)] + (extra.map { [$0] } ?? []))
      handles[key] = handle
      return handle
    }
  }
}

/// Prometheus's text format, version 0.0.4.
enum PrometheusText {
  /// The `Content-Type` of the format.
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  static func render(_ registry: MetricsRegistry) -> String {
    var text = ""
    var previous = ""
    for (key, series) in registry.all() {
      if key.label != previous {
        if let help = help[key.label] { text += "# HELP \(key.label) \(help)\n" }
        text += "# TYPE \(key.label) \(series.kind.rawValue)\n"
        previous = key.label
      }
      let value = series.value
      guard series.kind == .histogram else {
        text += "\(key.label)\(key.labels) \(number(value.value))\n"
        continue
      }
      for (bound, count) in zip(Series.bounds, value.buckets) {
        text += "\(key.label)_bucket\(with("le", number(bound), key.labels)) \(count)\n"
      }
      text += "\(key.label)_bucket\(with("le", "+Inf", key.labels)) \(value.count)\n"
      text += "\(key.label)_sum\(key.labels) \(number(value.value))\n"
      text += "\(key.label)_count\(key.labels) \(value.count)\n"
    }
    return text
  }

  /// A metric's name with what the format does not allow replaced by `_`.
  static func name(_ text: String) -> String {
    var name = ""
    for (index, character) in text.unicodeScalars.enumerated() {
      let isLetter = ("a"..."z").contains(character) || ("A"..."Z").contains(character)
      let isDigit = ("0"..."9").contains(character)
      let isAllowed = isLetter || character == "_" || character == ":" || (isDigit && index > 0)
      name += isAllowed ? String(character) : "_"
    }
    return name.isEmpty ? "_" : name
  }

  static func labels(_ dimensions: [(String, String)]) -> String {
    if dimensions.isEmpty { return "" }
    return "{" + dimensions.map { "\(name($0.0))=\"\(escaped($0.1))\"" }.joined(separator: ",")
      + "}"
  }

  private static func with(_ label: String, _ value: String, _ labels: String) -> String {
    let pair = "\(label)=\"\(value)\""
    return labels.isEmpty ? "{\(pair)}" : "\(labels.dropLast()),\(pair)}"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  private static func number(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
  }

  private static let help = [
    "camera_fps": "Pictures per second that the camera delivers.",
    "detection_fps": "Pictures per second that go through the detector.",
    "skipped_fps": "Pictures per second that a newer one has overtaken.",
    "detector_inference_speed_seconds": "Duration of an inference, smoothed.",
    "cleansight_stage_seconds": "Duration of each stage of a frame.",
    "cleansight_latency_seconds": "From capture to publication of the detections.",
    "cleansight_queue_seconds": "How long decoded pictures wait for the detector.",
    "cleansight_compute_seconds": "How long the inference thread works on a frame.",
    "cleansight_output_seconds": "From the detector's end to publication.",
    "cleansight_detections_total": "Detections published, by class.",
    "cleansight_camera_online": "1 while pictures come.",
    "cleansight_camera_reopened": "How often the camera was opened again.",
    "cleansight_frames_delivered": "Pictures that the camera delivered since the start.",
    "cleansight_frames_detected": "Pictures that went through the detector since the start.",
    "cleansight_frames_skipped": "Pictures that a newer one has overtaken since the start.",
    "cleansight_frames_refused": "Pictures refused since the start, by reason.",
    "cleansight_requested_detections_total": "Pictures that clients sent.",
    "cleansight_inference_failures_total": "Inferences that failed.",
    "cleansight_http_requests_total": "Requests by route and status.",
    "cleansight_http_clients": "Connections open now.",
    "cleansight_http_dropped_total": "Connections closed by us, by reason.",
    "cleansight_up_seconds": "Seconds since the start.",
    "process_resident_memory_bytes": "Resident memory.",
  ]
}

import CoreMetrics
import Testing

@testable import Publishers

@Suite struct MetricsTests {
  @Test func countersGaugesAndHistogramsAreRendered() {
    let registry = MetricsRegistry()
    let dimensions = [("camera_name", "a \"b\"\\c\n")]
    Counter(label: "things_total", dimensions: dimensions, factory: registry).increment(by: 3)
    Counter(label: "things_total", dimensions: dimensions, factory: registry).increment()
    Meter(label: "camera_fps", dimensions: [], factory: registry).set(12.5)
    let recorder = Recorder(
      label: "latency-seconds", dimensions: [("x", "y")], aggregate: true, factory: registry)
    recorder.record(0.003)
    recorder.record(0.7)
    recorder.record(100.0)
    let lines = PrometheusText.render(registry).split(separator: "\n").map(String.init)
    #expect(lines.contains("# TYPE things_total counter"))
    #expect(lines.contains(#"things_total{camera_name="a \"b\"\\c\n"} 4"#))
    #expect(lines.contains("# TYPE camera_fps gauge"))
    #expect(lines.contains("# HELP camera_fps Pictures per second that the camera delivers."))
    #expect(lines.contains("camera_fps 12.5"))
    #expect(lines.contains("# TYPE latency_seconds histogram"))
    #expect(lines.contains(#"latency_seconds_bucket{x="y",le="0.0025"} 0"#))
    #expect(lines.contains(#"latency_seconds_bucket{x="y",le="0.005"} 1"#))
    #expect(lines.contains(#"latency_seconds_bucket{x="y",le="10"} 2"#))
    #expect(lines.contains(#"latency_seconds_bucket{x="y",le="+Inf"} 3"#))
    #expect(lines.contains(#"latency_seconds_count{x="y"} 3"#))
    #expect(lines.contains { $0.hasPrefix(#"latency_seconds_sum{x="y"} 100.70"#) })
  }

  @Test func destroyedSeriesAreGone() {
    let registry = MetricsRegistry()
    let meter = Meter(label: "camera_fps", dimensions: [("camera_name", "a")], factory: registry)
    meter.set(1)
    #expect(PrometheusText.render(registry).contains("camera_fps{"))
    meter.destroy()
    #expect(!PrometheusText.render(registry).contains("camera_fps{"))
  }

  @Test func seriesAreBounded() {
    let registry = MetricsRegistry()
    for index in 0..<(MetricsRegistry.maximumSeries + 50) {
      Counter(label: "c", dimensions: [("i", "\(index)")], factory: registry).increment()
    }
    #expect(registry.all().count == MetricsRegistry.maximumSeries)
  }

  @Test func metricsOfARunningPipelineAreServed() async throws {
    let camera = ScriptedCamera([.picture(.rgb(try rectangles(x: 8)))])
    try await withServer([("door", camera)]) { server in
      try await eventually("frames went through") {
        server.pipeline.channels[0].snapshot.detected > 3
      }
      let answer = try await server.request("/metrics")
      #expect(answer.type == PrometheusText.contentType)
      for name in [
        #"camera_fps{camera_name="door"} "#, #"detection_fps{camera_name="door"} "#,
        #"skipped_fps{camera_name="door"} "#,
        #"detector_inference_speed_seconds{name="rectangles"} "#,
        #"cleansight_stage_seconds_count{camera_name="door",stage="search"} "#,
        #"cleansight_latency_seconds_sum{camera_name="door"} "#, "cleansight_queue_seconds_count ",
        "cleansight_compute_seconds_count ", "cleansight_output_seconds_count ",
        #"cleansight_detections_total{camera_name="door",label="red"} "#,
        "process_resident_memory_bytes ", "cleansight_http_clients ",
      ] {
        #expect(answer.text.contains("\n" + name), "\(name)")
      }
      try await server.pipeline.apply([])
      let later = try await server.request("/metrics").text
      #expect(!later.contains("camera_name=\"door\""))
    }
  }
}

@Suite struct AccessTokenTests {
  @Test func shortAndUnprintableTokensAreRefused() {
    #expect(AccessToken("short") == nil)
    #expect(AccessToken("with a space in the middle") == nil)
    #expect(AccessToken(String(repeating: "a", count: 16)) != nil)
  }

  @Test func onlyTheTokenMatches() throws {
    let token = try #require(AccessToken("0123456789abcdef"))
    #expect(token.matches("0123456789abcdef"))
    #expect(!token.matches("0123456789abcdeg"))
    #expect(!token.matches("0123456789abcdef0"))
    #expect(!token.matches(""))
  }
}

@Suite struct NoVideoPictureTests {
  @Test func longReasonsAreBroken() {
    let lines = NoVideoPicture.lines("one two " + String(repeating: "x", count: 25), width: 10)
    #expect(lines == ["one two", "xxxxxxxxxx", "xxxxxxxxxx", "xxxxx"])
  }

  @Test func reasonIsInThePicture() throws {
    let first = try NoVideoPicture.draw(camera: "a", reason: "unplugged")
    #expect(first != (try NoVideoPicture.draw(camera: "a", reason: "no such device")))
  }
}

import AsyncHTTPClient
import Foundation
import Frames
import Pipeline
import Testing

@testable import Publishers

/// Takes a multipart stream apart.
enum Multipart {
  struct Part {
    var headers: [String: String]
    var body: [UInt8]
  }

  static func parts(_ bytes: [UInt8]) -> [Part] {
    var parts: [Part] = []
    var rest = bytes[...]
    let end = Array("\r\n\r\n".utf8)
    while let split = rest.firstRange(of: end) {
      var headers: [String: String] = [:]
      for line in String(decoding: rest[..<split.lowerBound], as: UTF8.self).split(
        separator: "\r\n")
      {
        let sides = line.split(separator: ":", maxSplits: 1)
        if sides.count == 2 {
          headers[sides[0].lowercased()] = sides[1].trimmingCharacters(in: .whitespaces)
        }
      }
      guard let length = headers["content-length"].flatMap(Int.init),
        rest.endIndex - split.upperBound >= length
      else { break }
      parts.append(
        Part(headers: headers, body: Array(rest[split.upperBound..<(split.upperBound + length)])))
      rest = rest[(split.upperBound + length)...]
    }
    return parts
  }
}

@Suite(.serialized) struct StreamTests {
  private func camera(_ x: Int = 16) throws -> ScriptedCamera {
    ScriptedCamera([.picture(.rgb(try rectangles(x: x)))], period: .milliseconds(10))
  }

  @Test func streamHasPicturesWithStageTimes() async throws {
    try await withServer([("a", camera())]) { server in
      let stream = try await server.read("/stream?camera=a") { Multipart.parts($0).count >= 3 }
      #expect(stream.type == "multipart/x-mixed-replace; boundary=\(VideoRoutes.boundary)")
      #expect(stream.bytes.starts(with: Array("--\(VideoRoutes.boundary)\r\n".utf8)))
      let parts = Multipart.parts(stream.bytes)
      for part in parts {
        #expect(part.headers["content-type"] == "image/jpeg")
        #expect(part.headers["x-online"] == "true")
        #expect(part.headers["x-detections"] == "2")
        #expect(Double(part.headers["x-stage-search-ms"] ?? "") == 1)
        #expect((Double(part.headers["x-latency-ms"] ?? "") ?? 0) > 0)
        #expect(try JPEGDecoder().decode(part.body).width == 96)
      }
      let sequences = parts.compactMap { $0.headers["x-sequence"].flatMap(Int.init) }
      #expect(sequences.count >= 3)
      #expect(sequences == sequences.sorted() && Set(sequences).count == sequences.count)
    }
  }

  @Test func rawStreamIsTheCamerasOwnJPEG() async throws {
    let jpeg = try JPEGEncoder(quality: 95).encode(rectangles(x: 16))
    let camera = ScriptedCamera([.picture(.jpeg(jpeg))], period: .milliseconds(10))
    try await withServer([("a", camera)]) { server in
      let raw = try await server.read("/stream?overlay=0") { Multipart.parts($0).count >= 1 }
      #expect(Multipart.parts(raw.bytes).first?.body == jpeg)
      let boxes = try await server.read("/stream") { Multipart.parts($0).count >= 1 }
      #expect(Multipart.parts(boxes.bytes).first?.body != jpeg)
    }
  }

  @Test func eventsAgreeWithTheLatestDetections() async throws {
    try await withServer([("a", camera(16)), ("b", camera(40))]) { server in
      let stream = try await server.read("/v1/detections/stream?camera=b") {
        String(decoding: $0, as: UTF8.self).components(separatedBy: "event: detections").count > 3
      }
      #expect(stream.type == "text/event-stream")
      let text = String(decoding: stream.bytes, as: UTF8.self)
      #expect(text.hasPrefix("retry: 2000\n: connected\n\n"))
      let events = text.components(separatedBy: "\n\n").filter { $0.hasPrefix("event: ") }
      for event in events.dropLast() {
        let lines = event.components(separatedBy: "\n")
        #expect(lines.count == 3)
        #expect(lines[0] == "event: detections")
        let data = try #require(lines[2].hasPrefix("data: ") ? lines[2].dropFirst(6) : nil)
        let report = try JSONDecoder.published.decode(
          DetectionReport.self, from: Data(data.utf8))
        #expect(report.camera == "b")
        #expect(lines[1] == "id: \(report.sequence ?? 0)")
        #expect(report.detections.map(\.label) == ["red", "blue"])
        #expect(report.detections[0].box == [40, 8, 56, 20])
      }
    }
  }

  @Test func quietEventStreamIsKeptAlive() async throws {
    let camera = try camera()
    camera.openFailure.withLock { $0 = "gone" }
    try await withServer([("a", camera)]) { server in
      let stream = try await server.read("/v1/detections/stream") {
        String(decoding: $0, as: UTF8.self).contains(": keep-alive\n\n")
      }
      #expect(!String(decoding: stream.bytes, as: UTF8.self).contains("event:"))
    }
  }

  @Test func clientThatNeverReadsIsDroppedAndHoldsUpNobody() async throws {
    let large = try Image(width: 640, height: 480, red: 10, green: 200, blue: 10)
    var noisy = large
    for index in noisy.pixels.indices {
      noisy.pixels[index] = UInt8(truncatingIfNeeded: index &* 97)
    }
    let camera = ScriptedCamera([.picture(.rgb(noisy))], period: .milliseconds(5))
    try await withServer([("a", camera)], clientTimeout: .milliseconds(800)) { server in
      let slow = try RawConnection(port: server.port, receiveBuffer: 4096)
      slow.send("GET /stream?overlay=0 HTTP/1.1\r\nHost: x\r\n\r\n")
      try await eventually("somebody watches") {
        server.pipeline.channels[0].views.subscriberCount == 1
      }
      let before = server.pipeline.channels[0].snapshot.detected
      try await eventually("the client is dropped") {
        let metrics = try await server.request("/metrics").text
        return metrics.contains("cleansight_http_dropped_total{reason=\"not-reading\"} 1")
      }
      try await eventually("nobody watches") {
        server.pipeline.channels[0].views.subscriberCount == 0
      }
      #expect(server.pipeline.channels[0].snapshot.detected > before)
      withExtendedLifetime(slow) {}
    }
  }

  @Test func clientThatAsksNothingIsDropped() async throws {
    try await withServer([("a", camera())], clientTimeout: .milliseconds(500)) { server in
      let silent = try RawConnection(port: server.port)
      #expect(silent.receive(within: 10) == nil)
      let garbage = try RawConnection(port: server.port)
      garbage.send("\u{1}\u{2} nonsense\r\n\r\n")
      let answer = String(decoding: garbage.receive(within: 10) ?? [], as: UTF8.self)
      #expect(answer.hasPrefix("HTTP/1.1 400"))
    }
  }

  @Test func moreClientsThanAllowedAreClosed() async throws {
    try await withServer([("a", camera())], maximumClients: 3) { server in
      let first = try (0..<3).map { _ in try RawConnection(port: server.port) }
      try await eventually("three are connected") { server.http.state().clients == 3 }
      let fourth = try RawConnection(port: server.port)
      #expect(fourth.receive(within: 10) == nil)
      #expect(first[0].receive(within: 0.1) == [])
    }
  }

  @Test func shutdownEndsStreamsOfSlowClients() async throws {
    let clock = ContinuousClock()
    var slow: RawConnection?
    var started = clock.now
    try await withServer([("a", camera())]) { server in
      let connection = try RawConnection(port: server.port, receiveBuffer: 4096)
      connection.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
      let events = try RawConnection(port: server.port)
      events.send("GET /v1/detections/stream HTTP/1.1\r\nHost: x\r\n\r\n")
      try await eventually("both are connected") {
        server.pipeline.channels[0].views.subscriberCount == 1
          && server.pipeline.events.subscriberCount == 1
      }
      slow = connection
      started = clock.now
    }
    #expect(clock.now - started < .seconds(2))
    withExtendedLifetime(slow) {}
  }
}

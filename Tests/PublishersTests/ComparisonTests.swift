import Foundation
import Frames
import Pipeline
import Testing

@testable import Publishers

/// A second model beside the first one.
@Suite(.serialized) struct ComparisonTests {
  private func camera(truths: [GroundTruth]? = nil) throws -> ScriptedCamera {
    ScriptedCamera(
      [.picture(.rgb(try rectangles(x: 16)))], address: "synthetic:", period: .milliseconds(10),
      truths: truths)
  }

  @Test func aSecondModelIsShownBesideTheFirst() async throws {
    let behaviour = RectangleDetector.Behaviour()
    behaviour.isBlind.withLock { $0 = true }
    try await withServer(
      [("a", camera(truths: [GroundTruth(box: Box(x1: 16, y1: 8, x2: 32, y2: 20), label: "red")]))],
      compared: RectangleDetector.prepared("blind", behaviour)
    ) { server in
      try await eventually("a picture") { server.pipeline.channels[0].latest != nil }
      #expect(
        (try await server.request("/state").json["compare"] as? [String: Any])?["name"] as? String
          == "blind")
      let answer = try await server.request("/v1/detections").json
      let report = try #require((answer["cameras"] as? [[String: Any]])?.first)
      #expect((report["detections"] as? [Any])?.count == 2)
      let beside = try #require(report["beside"] as? [String: Any])
      #expect(beside["model"] as? String == "blind")
      #expect((beside["detections"] as? [Any])?.count == 0)
      func precision(_ report: [String: Any]) -> Double? {
        let clean = (report["accuracy"] as? [String: Any])?["clean"] as? [String: Any]
        return clean?["average_precision"] as? Double
      }
      #expect(precision(report) == 1)
      #expect(precision(beside) == 0)
      // Without boxes the picture is the camera's; the blind model draws none on it.
      let plain = try await server.request("/snapshot?overlay=0")
      let blind = try await server.request("/snapshot?model=beside")
      #expect(blind.body == plain.body)
      #expect(try await server.request("/snapshot").body != plain.body)
      behaviour.failure.withLock { $0 = "out of order" }
      try await eventually("the second model is left out") {
        server.pipeline.channels[0].latest?.beside == nil
      }
      #expect(server.pipeline.isReady)
      #expect(server.pipeline.channels[0].latest?.detections.count == 2)
    }
  }

  @Test func withoutASecondModelNothingIsShownOfIt() async throws {
    try await withServer([("a", camera())]) { server in
      try await eventually("a picture") { server.pipeline.channels[0].latest != nil }
      let answer = try await server.request("/snapshot?model=beside")
      #expect(answer.status == 404)
      #expect(
        answer.error == "expected a model to compare with (option --compare), found none")
      #expect(try await server.request("/snapshot?model=other").status == 400)
      #expect(try await server.request("/state").json["compare"] == nil)
    }
  }
}

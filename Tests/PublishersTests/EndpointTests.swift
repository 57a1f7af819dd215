import Foundation
import Frames
import Pipeline
import Testing

@testable import Publishers

@Suite(.serialized) struct EndpointTests {
  private func camera(
    _ x: Int = 16, address: String = "synthetic:", truths: [GroundTruth]? = nil
  ) throws -> ScriptedCamera {
    ScriptedCamera(
      [.picture(.rgb(try rectangles(x: x)))], address: address, period: .milliseconds(10),
      truths: truths)
  }

  private func jpeg(_ x: Int) throws -> [UInt8] {
    try JPEGEncoder(quality: 95).encode(rectangles(x: x))
  }

  @Test func pageIsServedInOnePiece() async throws {
    try await withServer([("a", camera())]) { server in
      let page = try await server.request("/")
      #expect(page.status == 200)
      #expect(page.type == "text/html; charset=utf-8")
      #expect(page.text.contains("<title>CleanSight</title>"))
      // It works without the internet: nothing is loaded from elsewhere.
      let addresses = page.text.components(separatedBy: "http").dropFirst()
      #expect(addresses.allSatisfy { $0.hasPrefix("://www.w3.org/2000/svg") })
      #expect(page.headers["content-security-policy"]?.contains("default-src 'none'") == true)
      #expect(page.headers["x-content-type-options"] == "nosniff")
    }
  }

  @Test func stateTellsEverything() async throws {
    try await withServer([("a", camera()), ("b", camera(40, address: "images:/x"))]) { server in
      try await eventually("both cameras show something") {
        server.pipeline.channels.allSatisfy { $0.latest != nil }
      }
      let answer = try await server.request("/state")
      #expect(answer.status == 200)
      #expect(answer.type == "application/json; charset=utf-8")
      let state = try JSONDecoder.published.decode(StateReport.self, from: Data(answer.body))
      #expect(state.version == "1.2.3")
      #expect(state.ready)
      #expect(state.model?.name == "rectangles")
      #expect(state.cameras.map(\.snapshot.name) == ["a", "b"])
      #expect(state.cameras.allSatisfy { $0.snapshot.status.state == .online })
      #expect(state.cameras[0].snapshot.detected > 0)
      #expect(state.cameras[0].stages.map(\.stage).contains("search"))
      #expect(state.clients >= 1)
      #expect((state.residentMib ?? 0) > 1)
      #expect(state.reload == nil)
      server.board.reloaded(error: "f.yaml:3: …")
      let later = try await server.request("/state")
      let reload = try #require(later.json["reload"] as? [String: Any])
      #expect(reload["error"] as? String == "f.yaml:3: …")
    }
  }

  @Test func latestDetectionsAreListed() async throws {
    try await withServer([("a", camera(16)), ("b", camera(40))]) { server in
      try await eventually("both cameras show something") {
        server.pipeline.channels.allSatisfy { $0.latest != nil }
      }
      let answer = try await server.request("/v1/detections?camera=b")
      let cameras = try #require(answer.json["cameras"] as? [[String: Any]])
      #expect(cameras.count == 1)
      #expect(cameras[0]["camera"] as? String == "b")
      #expect(cameras[0]["width"] as? Int == 96)
      let detections = try #require(cameras[0]["detections"] as? [[String: Any]])
      #expect(detections.map { $0["label"] as? String } == ["red", "blue"])
      #expect(detections[0]["box"] as? [Double] == [40, 8, 56, 20])
      #expect(detections[0]["class_index"] as? Int == 0)
      let all = try await server.request("/v1/detections")
      #expect((all.json["cameras"] as? [Any])?.count == 2)
      let list = try await server.request("/v1/cameras")
      #expect(
        (list.json["cameras"] as? [[String: Any]])?.map { $0["name"] as? String } == ["a", "b"])
    }
  }

  @Test func snapshotShowsBoxesOrNone() async throws {
    try await withServer([("a", camera())]) { server in
      try await eventually("a picture") { server.pipeline.channels[0].latest != nil }
      let plain = try await server.request("/snapshot?overlay=0")
      #expect(plain.type == "image/jpeg")
      let image = try JPEGDecoder().decode(plain.body)
      #expect(image.width == 96 && image.height == 64)
      let boxes = try JPEGDecoder().decode(try await server.request("/snapshot").body)
      #expect(boxes.pixels != image.pixels)
      // The background beside the rectangles is grey without boxes.
      #expect(abs(Int(image.pixels[0]) - 90) < 6)
      let wrong = try await server.request("/snapshot?overlay=maybe")
      #expect(wrong.status == 400)
      #expect(wrong.error == "expected overlay=0 or overlay=1, found \"maybe\"")
    }
  }

  @Test func cameraWithoutVideoIsExplained() async throws {
    let camera = try camera()
    camera.openFailure.withLock { $0 = "no such device" }
    try await withServer([("a", camera)]) { server in
      try await eventually("the camera is offline") {
        server.pipeline.channels[0].status.state == .offline
      }
      let snapshot = try await server.request("/snapshot")
      #expect(snapshot.status == 503)
      #expect(snapshot.error == "expected live video of a, found none: no such device")
      let stream = try await server.read("/stream") { !Multipart.parts($0).isEmpty }
      let part = try #require(Multipart.parts(stream.bytes).first)
      #expect(part.headers["x-online"] == "false")
      let image = try JPEGDecoder().decode(part.body)
      #expect(image.width == NoVideoPicture.width && image.height == NoVideoPicture.height)
    }
  }

  @Test func postedPictureIsAnswered() async throws {
    try await withServer([("a", camera())]) { server in
      let answer = try await server.request(
        "/v1/detect", method: "POST", body: jpeg(48), headers: ["Content-Type": "image/jpeg"])
      #expect(answer.status == 200)
      let detections = try #require(answer.json["detections"] as? [[String: Any]])
      let box = try #require(detections.first?["box"] as? [Double])
      #expect(abs(box[0] - 48) <= 1)
      #expect(answer.json["camera"] == nil)
      #expect(answer.json["width"] as? Int == 96)
    }
  }

  @Test func wrongPicturesAreRefused() async throws {
    try await withServer([("a", camera())]) { server in
      let good = try jpeg(8)
      for (body, what) in [
        ([UInt8](), "empty"), (Array(good.prefix(300)), "cut"), (Array("GIF89a…".utf8), "no JPEG"),
      ] {
        let answer = try await server.request("/v1/detect", method: "POST", body: body)
        #expect(answer.status == 400, "\(what)")
        #expect(answer.error?.hasPrefix("expected a JPEG: ") == true, "\(what)")
      }
      let type = try await server.request(
        "/v1/detect", method: "POST", body: good, headers: ["Content-Type": "image/png"])
      #expect(type.status == 415)
      #expect(type.error == "expected image/jpeg, found image/png")
      let large = try await server.request(
        "/v1/detect", method: "POST",
        body: [UInt8](repeating: 0xff, count: DetectionRoutes.maximumBody + 1))
      #expect(large.status == 413)
      #expect(large.error?.hasPrefix("expected at most 16777216 bytes") == true)
      let after = try await server.request("/v1/detect", method: "POST", body: good)
      #expect(after.status == 200)
    }
  }

  @Test func unknownPathsAndMethodsAreRefused() async throws {
    try await withServer([("a", camera())]) { server in
      let path = try await server.request("/nothing")
      #expect(path.status == 404)
      #expect(path.error == "expected the path of an endpoint, found /nothing")
      let method = try await server.request("/v1/detect")
      #expect(method.status == 405)
      #expect(method.error == "expected POST, found GET")
      #expect(method.headers["allow"] == "POST")
      let post = try await server.request("/state", method: "POST", body: [])
      #expect(post.status == 405)
      #expect(post.headers["allow"] == "GET, HEAD")
      let camera = try await server.request("/stream?camera=x")
      #expect(camera.status == 404)
      #expect(camera.error == "expected the name of a camera, found \"x\"")
      let head = try await server.request("/state", method: "HEAD")
      #expect(head.status == 200 && head.body.isEmpty)
    }
  }

  @Test func modelAndHealthFollowTheOpenInferenceProtocol() async throws {
    let behaviour = RectangleDetector.Behaviour()
    try await withServer([("a", camera())], behaviour: behaviour) { server in
      #expect(try await server.request("/v2").json["name"] as? String == "cleansight")
      #expect(try await server.request("/v2/health/live").json["live"] as? Bool == true)
      #expect(try await server.request("/v2/health/ready").json["ready"] as? Bool == true)
      let model = try await server.request("/v2/models/rectangles")
      #expect(model.json["classes"] as? [String] == ["red", "blue"])
      #expect((model.json["inputs"] as? [[String: Any]])?[0]["datatype"] as? String == "UINT8")
      #expect(try await server.request("/v2/models/rectangles/ready").status == 200)
      let other = try await server.request("/v2/models/other")
      #expect(other.status == 404)
      #expect(other.error == "expected the model rectangles, found \"other\"")
      behaviour.failure.withLock { $0 = "out of memory" }
      try await eventually("it is not ready") { !server.pipeline.isReady }
      let ready = try await server.request("/v2/health/ready")
      #expect(ready.status == 503)
      #expect(ready.error?.contains("out of memory") == true)
      #expect(try await server.request("/v2/health/live").status == 200)
      let detect = try await server.request("/v1/detect", method: "POST", body: jpeg(8))
      #expect(detect.status == 503)
    }
  }

  @Test func triggerNeedsTheTokenUnlessItIsLocal() async throws {
    let truths = [GroundTruth(box: Box(x1: 16, y1: 8, x2: 32, y2: 20), label: "red")]
    let camera = try camera(truths: truths)
    try await withServer([("a", camera)]) { server in
      let path = "/v1/cameras/a/trigger"
      let on = Array("{\"on\": true}".utf8)
      let none = try await server.request(path, method: "POST", body: on)
      #expect(none.status == 401)
      #expect(none.headers["www-authenticate"] == "Bearer")
      #expect(none.error?.hasSuffix("found none") == true)
      for wrong in ["Bearer nonsense", "Basic \(TestServer.token)", "Bearer \(TestServer.token)x"] {
        let answer = try await server.request(
          path, method: "POST", body: on, headers: ["Authorization": wrong])
        #expect(answer.status == 401, "\(wrong)")
      }
      #expect(!camera.showsTrigger)
      let right = try await server.request(
        path, method: "POST", body: on,
        headers: ["Authorization": "Bearer \(TestServer.token)"])
      #expect(right.status == 200)
      #expect(camera.showsTrigger)
      let local = try await server.request(
        path, method: "POST", body: Array("{\"on\": false}".utf8), overSocket: true)
      #expect(local.status == 200)
      #expect(!camera.showsTrigger)
      let text = try await server.request(
        path, method: "POST", body: Array("on".utf8), overSocket: true)
      #expect(text.status == 400)
      let unknown = try await server.request(
        "/v1/cameras/x/trigger", method: "POST", body: on, overSocket: true)
      #expect(unknown.status == 404)
    }
  }

  @Test func withoutATokenOnlyTheLocalSocketChangesState() async throws {
    let camera = try camera()
    try await withServer([("a", camera)], token: nil) { server in
      let on = Array("{\"on\": true}".utf8)
      let answer = try await server.request(
        "/v1/cameras/a/trigger", method: "POST", body: on,
        headers: ["Authorization": "Bearer "])
      #expect(answer.status == 401)
      #expect(answer.error?.contains("no token is configured") == true)
      #expect(!camera.showsTrigger)
      #expect(try await server.request("/state").status == 200)
      let local = try await server.request(
        "/v1/cameras/a/trigger", method: "POST", body: on, overSocket: true)
      #expect(local.status == 200)
      #expect(camera.showsTrigger)
    }
  }

  @Test func localSocketIsOpenToOwnerAndGroupOnly() async throws {
    try await withServer([("a", camera())]) { server in
      #expect(try await server.request("/state", overSocket: true).status == 200)
      try await eventually("the socket has its mode") {
        let mode = try FileManager.default.attributesOfItem(atPath: server.socket)[
          .posixPermissions]
        return (mode as? NSNumber)?.intValue == 0o660
      }
    }
  }
}

import Foundation
import Frames
import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// `/v1/detections`, `/v1/detections/stream` and `POST /v1/detect`.
struct DetectionRoutes: Sendable {
  let pipeline: Pipeline

  /// A larger picture is refused, in bytes.
  static let maximumBody = 16 << 20
  /// Silence after which a comment is sent, so that proxies and clients see a connection that lives.
  static let keepAlive = Duration.seconds(5)
  /// How long a client may take to send its picture.
  static let bodyTimeout = Duration.seconds(30)

  func add(to routes: RouteTable) {
    routes.on(.get, "v1/detections", latest)
    routes.on(.get, "v1/detections/stream", events)
    routes.on(.post, "v1/detect", detect)
  }

  private struct Latest: Codable {
    var cameras: [DetectionReport]
  }

  private func latest(_ request: Request, _ context: APIContext) throws -> Response {
    let channels =
      try request.query("camera").map { [try pipeline.channel($0)] } ?? pipeline.channels
    return try .json(Latest(cameras: channels.compactMap { $0.latest.map(DetectionReport.init) }))
  }

  /// Server-sent events: `event: detections`, its `id` the frame's sequence number.
  private func events(_ request: Request, _ context: APIContext) throws -> Response {
    let camera = try request.query("camera").map { try pipeline.channel($0).name }
    let events = pipeline.events
    let body = ResponseBody { writer in
      // Something at once, so that a client knows that it is connected.
      try await writer.write(ByteBuffer(string: "retry: 2000\n: connected\n\n"))
      var lastWrite = ContinuousClock.now
      for await event in events.subscribe(includingLatest: false).cancelOnGracefulShutdown() {
        if case .detections(let report) = event, camera == nil || camera == report.camera {
          var buffer = ByteBuffer(string: "event: detections\nid: \(report.sequence ?? 0)\ndata: ")
          buffer.writeBytes(try JSONEncoder.published.encode(report))
          buffer.writeString("\n\n")
          try await writer.write(buffer)
          lastWrite = .now
        } else if .now - lastWrite >= Self.keepAlive {
          try await writer.write(ByteBuffer(string: ": keep-alive\n\n"))
          lastWrite = .now
        }
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
  }

  private func detect(_ request: Request, _ context: APIContext) async throws -> Response {
    let type = request.headers[.contentType]?.split(separator: ";").first.map {
      $0.trimmingCharacters(in: .whitespaces).lowercased()
    }
    guard type == nil || type == "image/jpeg" || type == "application/octet-stream" else {
      throw RequestError(
        .unsupportedMediaType, "expected image/jpeg, found \((type ?? "").prefix(80))")
    }
    if let length = request.headers[.contentLength].flatMap(Int.init), length > Self.maximumBody {
      throw RequestError(
        .contentTooLarge, "expected at most \(Self.maximumBody) bytes, found \(length)",
        headers: [.connection: "close"])
    }
    let body = try await collect(request.body)
    let image: Image
    do {
      image = try JPEGDecoder().decode(body)
    } catch {
      throw RequestError(.badRequest, "expected a JPEG: \(error)")
    }
    let answer = try await pipeline.detect(image)
    return try .json(
      DetectionReport(
        width: image.width, height: image.height, detections: answer.detections,
        stages: answer.stages, model: answer.model))
  }

  private func collect(_ body: RequestBody) async throws -> [UInt8] {
    try await withThrowingTaskGroup(of: [UInt8].self) { group in
      group.addTask {
        do {
          return Array(buffer: try await body.collect(upTo: Self.maximumBody))
        } catch is NIOTooManyBytesError {
          throw RequestError(
            .contentTooLarge, "expected at most \(Self.maximumBody) bytes, found more",
            headers: [.connection: "close"])
        }
      }
      group.addTask {
        try await Task.sleep(for: Self.bodyTimeout)
        throw RequestError(
          .requestTimeout, "expected a body within \(Self.bodyTimeout), found less",
          headers: [.connection: "close"])
      }
      defer { group.cancelAll() }
      return try await group.next() ?? []
    }
  }
}

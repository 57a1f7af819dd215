import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// `/stream` and `/snapshot`.
struct VideoRoutes: Sendable {
  let pipeline: Pipeline
  let pictures: PictureCache

  static let boundary = "cleansight-frame"

  func add(to routes: RouteTable) {
    routes.on(.get, "stream", stream)
    routes.on(.get, "snapshot", snapshot)
  }

  /// Motion JPEG. A client that is slow skips frames; each part's headers tell its stage times.
  private func stream(_ request: Request, _ context: APIContext) throws -> Response {
    let channel = try pipeline.channel(request.query("camera"))
    let overlay = try overlay(request)
    let body = ResponseBody { writer in
      try await writer.write(ByteBuffer(string: "--\(Self.boundary)\r\n"))
      for await view in channel.views.subscribe().cancelOnGracefulShutdown() {
        let (jpeg, headers) = try await part(view, of: channel, overlay)
        var buffer = ByteBuffer()
        buffer.reserveCapacity(jpeg.count + 1024)
        buffer.writeString(
          "Content-Type: image/jpeg\r\nContent-Length: \(jpeg.count)\r\n\(headers)\r\n")
        buffer.writeBytes(jpeg)
        // Browsers show a part only when its closing boundary is there.
        buffer.writeString("\r\n--\(Self.boundary)\r\n")
        try await writer.write(buffer)
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok,
      headers: [
        .contentType: "multipart/x-mixed-replace; boundary=\(Self.boundary)",
        .cacheControl: "no-store", .connection: "close",
      ], body: body)
  }

  private func part(
    _ view: CameraView, of channel: CameraChannel, _ overlay: PictureOverlay
  ) async throws -> (jpeg: [UInt8], headers: String) {
    switch view {
    case .frame(let result):
      let jpeg = try await pictures.jpeg(result, overlay)
      var headers = "X-Online: true\r\n"
      headers += "X-Timestamp: \(result.frame.date.timeIntervalSince1970)\r\n"
      headers += "X-Sequence: \(result.frame.sequence)\r\n"
      headers += "X-Detections: \(result.detections.count)\r\n"
      headers += "X-Latency-Ms: \(Self.milliseconds(result.latency))\r\n"
      for stage in result.stages {
        headers += "X-Stage-\(stage.stage)-Ms: \(Self.milliseconds(stage.seconds))\r\n"
      }
      return (jpeg, headers)
    case .noVideo(let status):
      let jpeg = try pictures.noVideo(camera: channel.name, status: status)
      return (jpeg, "X-Online: false\r\nX-Timestamp: \(Date().timeIntervalSince1970)\r\n")
    }
  }

  /// `overlay=0`: nothing, `model=beside`: what the model finds that is compared with.
  private func overlay(_ request: Request) throws -> PictureOverlay {
    guard try request.flag("overlay") ?? true else { return .none }
    switch request.query("model") {
    case nil: return .detections
    case "beside":
      guard pipeline.comparedModel != nil else {
        throw RequestError(
          .notFound, "expected a model to compare with (option --compare), found none")
      }
      return .beside
    case .some(let text):
      throw RequestError(.badRequest, "expected model=beside, found \"\(text.prefix(40))\"")
    }
  }

  private func snapshot(_ request: Request, _ context: APIContext) async throws -> Response {
    let channel = try pipeline.channel(request.query("camera"))
    let overlay = try overlay(request)
    guard let result = channel.latest else {
      throw RequestError(
        .serviceUnavailable,
        "expected live video of \(channel.name), found none: \(channel.status.reason)")
    }
    let jpeg = try await pictures.jpeg(result, overlay)
    return Response(
      status: .ok, headers: [.contentType: "image/jpeg", .cacheControl: "no-store"],
      body: .init(byteBuffer: ByteBuffer(bytes: jpeg)))
  }

  private static func milliseconds(_ seconds: Double) -> String {
    "\((seconds * 1_000_000).rounded() / 1000)"
  }
}

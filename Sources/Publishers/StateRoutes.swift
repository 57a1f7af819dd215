import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// `/state`, `/v1/cameras` and the trigger of rendered scenes.
struct StateRoutes: Sendable {
  let pipeline: Pipeline
  let board: StatusBoard
  let token: @Sendable () -> AccessToken?
  let state: @Sendable () -> StateReport

  func add(to routes: RouteTable) {
    routes.on(.get, "state") { _, _ in try .json(state()) }
    routes.on(.get, "v1/cameras") { _, _ in
      try .json(Cameras(cameras: pipeline.channels.map(\.snapshot)))
    }
    routes.on(.post, "v1/cameras/{name}/trigger", setTrigger)
  }

  private struct Cameras: Codable {
    var cameras: [CameraSnapshot]
  }

  private struct Trigger: Codable {
    var on: Bool
  }

  /// `{"on": true}` puts the trigger into view, `{"on": false}` takes it away.
  private func setTrigger(_ request: Request, _ context: APIContext) async throws -> Response {
    try AccessToken.require(token(), request, context)
    let name = context.parameters.get("name") ?? ""
    let body = Array(buffer: try await request.body.collect(upTo: 1024))
    guard let trigger = try? JSONDecoder().decode(Trigger.self, from: Data(body)) else {
      throw RequestError(
        .badRequest, "expected {\"on\": true} or {\"on\": false}, found other text")
    }
    try pipeline.setTrigger(trigger.on, camera: name)
    return try .json(trigger)
  }
}

import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline
import RefreshStatus

/// What the publishers ask of the purification on the device.
public protocol RefreshDesk: Sendable {
  /// How it is.
  var report: RefreshReport { get }
  /// Asks for one.
  /// - Throws: `RefreshError` where none can begin.
  func request() throws
  /// Asks the one at work to stop.
  func cancel() throws
  /// Deletes every captured frame.
  func forget() throws
}

/// `/v1/refresh`: GET tells how the purification on the device is, POST asks for one, DELETE stops it;
/// DELETE `/v1/refresh/frames` deletes what was captured.
struct RefreshRoutes: Sendable {
  let desk: (any RefreshDesk)?
  let token: @Sendable () -> AccessToken?

  func add(to routes: RouteTable) {
    routes.on(.get, "v1/refresh") { _, _ in try .json(try required().report) }
    routes.on(.post, "v1/refresh") { try change($0, $1) { try $0.request() } }
    routes.on(.delete, "v1/refresh") { try change($0, $1) { try $0.cancel() } }
    routes.on(.delete, "v1/refresh/frames") { try change($0, $1) { try $0.forget() } }
  }

  private func required() throws -> any RefreshDesk {
    guard let desk else {
      throw RequestError(
        .notFound, "expected captured frames to be kept (refresh.frames), found none")
    }
    return desk
  }

  private func change(
    _ request: Request, _ context: APIContext, _ body: (any RefreshDesk) throws -> Void
  ) throws -> Response {
    try AccessToken.require(token(), request, context)
    let desk = try required()
    do {
      try body(desk)
    } catch let error as RefreshError {
      throw RequestError(.conflict, "\(error)")
    }
    return try .json(desk.report, status: .accepted)
  }
}

import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What is known about a request beside itself.
struct APIContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  /// Whether it came over the local Unix socket, which only this machine's users with the right to
  /// it can open.
  let isLocal: Bool

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    isLocal = source.channel.localAddress?.protocol == .unix
  }
}

/// A request that cannot be answered: a status and a line that says what was expected and what was
/// found, sent as `{"error": "…"}`.
struct RequestError: Error, HTTPResponseError {
  var status: HTTPResponse.Status
  var message: String
  var headers: HTTPFields

  init(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) {
    self.status = status
    self.message = message
    self.headers = headers
  }

  func response(from request: Request, context: some RequestContext) throws -> Response {
    var response = try Response.json(ErrorMessage(error: message), status: status)
    response.headers.append(contentsOf: headers)
    return response
  }
}

private struct ErrorMessage: Codable {
  var error: String
}

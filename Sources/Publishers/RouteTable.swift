import HTTPTypes
import Hummingbird

/// The routes by path. A path that exists answers any other method with 405 and the ones it has.
final class RouteTable {
  typealias Handler = @Sendable (Request, APIContext) async throws -> Response
  private var handlers: [(path: String, methods: [HTTPRequest.Method: Handler])] = []
  private static let known: [HTTPRequest.Method] = [
    .get, .head, .post, .put, .delete, .patch, .options,
  ]

  func on(_ method: HTTPRequest.Method, _ path: String, _ handler: @escaping Handler) {
    if let index = handlers.firstIndex(where: { $0.path == path }) {
      handlers[index].methods[method] = handler
    } else {
      handlers.append((path, [method: handler]))
    }
  }

  /// A router that answers errors as JSON.
  func router(_ middleware: RequestMiddleware) -> Router<APIContext> {
    let router = Router(context: APIContext.self, options: [.autoGenerateHeadEndpoints])
    router.add(middleware: middleware)
    for (path, methods) in handlers {
      var allowed = methods.keys.map(\.rawValue)
      if methods[.get] != nil { allowed.append("HEAD") }
      let allow = allowed.sorted().joined(separator: ", ")
      for (method, handler) in methods {
        router.on(RouterPath(path), method: method) { try await handler($0, $1) }
      }
      for method in Self.known
      where methods[method] == nil && !(method == .head && methods[.get] != nil) {
        router.on(RouterPath(path), method: method) { request, _ -> Response in
          throw RequestError(
            .methodNotAllowed, "expected \(allow), found \(request.method.rawValue)",
            headers: [.allow: allow])
        }
      }
    }
    return router
  }
}

extension Request {
  /// A parameter of the query; nil where it is absent or empty.
  func query(_ name: String) -> String? {
    uri.queryParameters[Substring(name)].map(String.init).flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A yes or no of the query.
  /// - Throws: `RequestError` with 400 where it is neither.
  func flag(_ name: String) throws -> Bool? {
    switch query(name) {
    case nil: nil
    case "1", "true", "on": true
    case "0", "false", "off": false
    case .some(let text):
      throw RequestError(
        .badRequest, "expected \(name)=0 or \(name)=1, found \"\(text.prefix(40))\"")
    }
  }
}

import CoreMetrics
import HTTPTypes
import Hummingbird
import NIOCore
import Pipeline

/// Turns every error into `{"error": "…"}` with its status, counts requests, and adds the headers
/// that keep other sites' pages from reading the pictures.
struct RequestMiddleware: RouterMiddleware {
  typealias Context = APIContext

  let metrics: any MetricsFactory

  func handle(
    _ request: Request, context: APIContext,
    next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let failure = Self.failure(error, request)
      if failure.status == .internalServerError {
        context.logger.error("a request failed", metadata: ["reason": "\(error)"])
      }
      response = try failure.response(from: request, context: context)
    }
    response.headers[.xContentTypeOptions] = "nosniff"
    if let policy = HTTPField.Name("Cross-Origin-Resource-Policy") {
      response.headers[policy] = "same-origin"
    }
    Counter(
      label: "cleansight_http_requests_total",
      dimensions: [
        ("route", context.endpointPath ?? "none"), ("status", "\(response.status.code)"),
      ], factory: metrics
    ).increment()
    return response
  }

  private static func failure(_ error: any Error, _ request: Request) -> RequestError {
    switch error {
    case let error as RequestError: return error
    case let error as PipelineError: return RequestError(status(of: error), "\(error)")
    case is NIOTooManyBytesError:
      return RequestError(.contentTooLarge, "expected a smaller body, found more bytes")
    case let error as any HTTPResponseError where error.status == .notFound:
      return RequestError(.notFound, "expected the path of an endpoint, found \(request.uri.path)")
    case let error as any HTTPResponseError:
      return RequestError(error.status, error.status.reasonPhrase)
    default: return RequestError(.internalServerError, "\(error)")
    }
  }

  private static func status(of error: PipelineError) -> HTTPResponse.Status {
    switch error {
    case .busy, .stopped, .detector: .serviceUnavailable
    case .unknownCamera: .notFound
    case .noTrigger: .badRequest
    case .thread: .internalServerError
    }
  }
}

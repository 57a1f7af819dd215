import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import Settings

/// Talks to the daemon over its local socket, where no token is asked for.
struct DaemonConnection {
  private let path: String

  /// - Parameter socket: nil: the usual places are tried.
  /// - Throws: `DaemonConnectionError.none` where no daemon runs.
  init(socket: String?) throws {
    var settings = Settings()
    settings.socket = socket
    let candidates = Locations.current.socketCandidates(settings)
    guard let path = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      throw DaemonConnectionError.none(tried: candidates)
    }
    self.path = path
  }

  /// Asks something.
  /// - Throws: `DaemonConnectionError`.
  func request(
    _ uri: String, method: String = "GET"
  ) async throws(DaemonConnectionError) -> Data {
    guard let url = URL(httpURLWithSocketPath: path, uri: uri) else {
      throw .none(tried: [path])
    }
    var request = HTTPClientRequest(url: url.absoluteString)
    request.method = .init(rawValue: method)
    let (status, data): (UInt, Data)
    do {
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(5))
      status = response.status.code
      data = Data(try await response.body.collect(upTo: 4 << 20).readableBytesView)
    } catch {
      throw .silent(socket: path, reason: "\(error)")
    }
    guard (200..<300).contains(status) else {
      let message = (try? JSONDecoder().decode([String: String].self, from: data))?["error"]
      throw .refused(message ?? "status \(status)")
    }
    return data
  }
}

/// Why the daemon cannot be asked, or what it answers.
enum DaemonConnectionError: Error, CustomStringConvertible {
  case none(tried: [String])
  case silent(socket: String, reason: String)
  case refused(String)

  var description: String {
    switch self {
    case .none(let tried): "no daemon runs: there is no socket \(tried.joined(separator: " or "))"
    case .silent(let socket, let reason):
      "no daemon answers at the socket \(socket): \(reason)"
    case .refused(let message): message
    }
  }
}

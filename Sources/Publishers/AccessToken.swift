import HTTPTypes
import Hummingbird

/// The secret that requests which change state must carry, unless they come over the local socket.
public struct AccessToken: Sendable, Equatable {
  /// A shorter secret could be guessed.
  public static let minimumLength = 16
  private let bytes: [UInt8]

  /// A token; nil where it is shorter than `minimumLength` or no printable ASCII.
  public init?(_ text: String) {
    guard text.utf8.count >= Self.minimumLength, text.utf8.count <= 1024,
      text.utf8.allSatisfy({ (33...126).contains($0) })
    else { return nil }
    bytes = Array(text.utf8)
  }

  /// Compares in a time that does not tell how much of a guess is right.
  func matches(_ text: String) -> Bool {
    let other = Array(text.utf8)
    var difference = UInt8(bytes.count == other.count ? 0 : 1)
    for (index, byte) in bytes.enumerated() {
      difference |= byte ^ (index < other.count ? other[index] : 0)
    }
    return difference == 0
  }

  /// - Throws: `RequestError` with 401 where the request may not change state.
  static func require(_ token: AccessToken?, _ request: Request, _ context: APIContext) throws {
    if context.isLocal { return }
    guard let token else {
      throw RequestError(
        .unauthorized, "expected a request over the local socket, because no token is configured",
        headers: [.wwwAuthenticate: "Bearer"])
    }
    let header = request.headers[.authorization] ?? ""
    guard header.lowercased().hasPrefix("bearer "), token.matches(String(header.dropFirst(7)))
    else {
      throw RequestError(
        .unauthorized,
        "expected the header Authorization: Bearer with the token, found "
          + (header.isEmpty ? "none" : "another"),
        headers: [.wwwAuthenticate: "Bearer"])
    }
  }
}

/// Why nothing can be published.
public enum PublisherError: Error, Equatable, CustomStringConvertible {
  /// The address cannot be listened at.
  case listen(address: String, reason: String)
  /// Another daemon listens at the local socket.
  case socketInUse(String)
  /// The local socket cannot be made.
  case socket(path: String, reason: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .listen(let address, let reason):
      "expected to listen at \(address), found: \(reason)"
    case .socketInUse(let path):
      "expected no other daemon at the socket \(path), found one"
    case .socket(let path, let reason):
      "expected to make the socket \(path), found: \(reason)"
    }
  }
}

/// Where a TCP server listens.
public struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
  /// A name, an IPv4 address or an IPv6 address without brackets.
  public var host: String
  /// `0...65535`; 0 lets the system choose.
  public var port: Int

  /// An address.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`, `[IPv6]:PORT` or `PORT` (on loopback); nil where it is none of them.
  public init?(_ text: String) {
    if let port = Self.port(text) {
      self.init(host: "127.0.0.1", port: port)
      return
    }
    guard let colon = text.lastIndex(of: ":"),
      let port = Self.port(text[text.index(after: colon)...])
    else { return nil }
    var host = String(text[..<colon])
    if host.hasPrefix("[") {
      guard host.hasSuffix("]") else { return nil }
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      return nil
    }
    let isPlain = host.unicodeScalars.allSatisfy {
      $0.isASCII && $0.value > 32 && !"/[]\"'".unicodeScalars.contains($0)
    }
    guard !host.isEmpty, host.count <= 253, isPlain else { return nil }
    self.init(host: host, port: port)
  }

  /// Whether only programs on this machine can reach it.
  public var isLoopback: Bool {
    host == "localhost" || host == "::1"
      || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
  }

  /// `HOST:PORT`, an IPv6 address in brackets.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

  private static func port(_ text: some StringProtocol) -> Int? {
    guard (1...5).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }),
      let port = Int(text), port <= 65535
    else { return nil }
    return port
  }
}

import Foundation

/// An IP camera's URL, with the name and password taken out of it.
struct CameraURL {
  /// The URL to ask, without name and password.
  let url: String
  /// The value of the header `Authorization`, where the URL held a name.
  let authorization: String?

  init(_ text: String) throws {
    guard var parts = URLComponents(string: text) else {
      throw CameraAddressError.malformed(
        address: Self.withoutPassword(text), expected: "a URL of an IP camera")
    }
    if let user = parts.user {
      let pair = "\(user):\(parts.password ?? "")"
      authorization = "Basic \(Data(pair.utf8).base64EncodedString())"
    } else {
      authorization = nil
    }
    parts.user = nil
    parts.password = nil
    parts.fragment = nil
    guard let url = parts.string else {
      throw CameraAddressError.malformed(
        address: Self.withoutPassword(text), expected: "a URL of an IP camera")
    }
    self.url = url
  }

  /// An address as it may be shown: errors reach logs and the page.
  static func withoutPassword(_ address: String) -> String {
    guard let scheme = address.range(of: "://") else { return address }
    let authority = address[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" }
    guard let at = authority.lastIndex(of: "@") else { return address }
    return address[..<scheme.upperBound] + "…" + address[at...]
  }
}

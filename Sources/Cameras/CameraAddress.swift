import Foundation

/// A camera's address, taken apart: `SCHEME:WHERE?OPTION=VALUE&…`.
public enum CameraAddress: Sendable, Equatable {
  /// `v4l2:/dev/video0`, or a bare name below `/dev`, `/dev/v4l/by-id` or `/dev/v4l/by-path`.
  case v4l2(device: String)
  /// `mjpeg:FILE?fps=25&loop=true`: JPEGs one after the other, in a file or a named pipe.
  case mjpegFile(path: String, framesPerSecond: Double?, loops: Bool)
  /// `mjpeg:-`.
  case mjpegStandardInput
  /// `mjpeg:http://…` or `mjpeg:https://…`, the URL of an IP camera, which may hold `user:password@`.
  case mjpegURL(String)
  /// `images:FOLDER?fps=5&loop=true`: the JPEGs of a folder in the order of their names.
  case images(folder: String, framesPerSecond: Double?, loops: Bool)
  /// `synthetic:?seed=1&fps=15&width=640&height=480&trigger=badnets&trigger-period=10`.
  case synthetic(SyntheticOptions)

  /// What an address can begin with.
  public static let schemes = ["v4l2", "mjpeg", "images", "synthetic"]

  /// Takes an address apart.
  /// - Throws: `CameraAddressError`.
  public init(_ text: String) throws {
    guard text.utf8.count <= 2048, !text.utf8.contains(0) else {
      throw CameraAddressError.malformed(
        address: String(text.prefix(40)), expected: "at most 2048 bytes without a zero byte")
    }
    guard let colon = text.firstIndex(of: ":"), Self.schemes.contains(String(text[..<colon]))
    else { throw CameraAddressError.scheme(address: text) }
    let scheme = String(text[..<colon])
    let rest = String(text[text.index(after: colon)...])
    if scheme == "mjpeg", rest.hasPrefix("http://") || rest.hasPrefix("https://") {
      self = .mjpegURL(try Self.checkedURL(rest, address: text))
      return
    }
    // A device's name has no options: by-path names may hold any character.
    if scheme == "v4l2" {
      self = .v4l2(device: try Self.place(rest, "a device, such as v4l2:/dev/video0", text))
      return
    }
    var options = try AddressOptions(rest, address: text, scheme: scheme)
    switch scheme {
    case "mjpeg":
      let path = try Self.place(options.place, "a file, - or a URL after mjpeg:", text)
      if path == "-" {
        self = .mjpegStandardInput
      } else {
        self = .mjpegFile(
          path: path, framesPerSecond: try options.rate("fps"),
          loops: try options.flag("loop") ?? false)
      }
    case "images":
      self = .images(
        folder: try Self.place(options.place, "a folder after images:", text),
        framesPerSecond: try options.rate("fps"), loops: try options.flag("loop") ?? true)
    default:
      guard options.place.isEmpty else {
        throw CameraAddressError.malformed(
          address: text, expected: "synthetic: alone or with ?OPTION=VALUE after it")
      }
      self = .synthetic(try SyntheticOptions(&options))
    }
    try options.finish()
  }

  private static func place(_ text: String, _ expected: String, _ address: String) throws -> String
  {
    guard !text.isEmpty else {
      throw CameraAddressError.malformed(address: address, expected: expected)
    }
    return text
  }

  private static func checkedURL(_ text: String, address: String) throws -> String {
    guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty else {
      throw CameraAddressError.malformed(
        address: CameraURL.withoutPassword(address), expected: "a URL with a host after mjpeg:")
    }
    return text
  }
}

/// What is wrong with a camera's address.
public enum CameraAddressError: Error, Equatable, CustomStringConvertible {
  /// It begins with none of `CameraAddress.schemes`.
  case scheme(address: String)
  /// It lacks something; `expected` says what.
  case malformed(address: String, expected: String)
  /// The scheme has no option of this name.
  case option(name: String, scheme: String, possible: [String])
  /// An option's value is out of range.
  case value(option: String, expected: String, found: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .scheme(let address):
      "expected a camera's address that begins with "
        + CameraAddress.schemes.map { "\($0):" }.joined(separator: ", ")
        + "; found \"\(CameraURL.withoutPassword(address))\""
    case .malformed(let address, let expected):
      "expected \(expected); found \"\(CameraURL.withoutPassword(address))\""
    case .option(let name, let scheme, let possible):
      "\(scheme): has no option \"\(name)\"; possible are "
        + (possible.isEmpty ? "none" : possible.joined(separator: ", "))
    case .value(let option, let expected, let found):
      "option \(option): expected \(expected), found \"\(found)\""
    }
  }
}

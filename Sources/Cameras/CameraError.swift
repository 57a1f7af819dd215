import Foundation

/// Why a camera cannot be opened or gives no more pictures.
public enum CameraError: Error, Equatable, CustomStringConvertible {
  /// A system call failed on a device or file; `code` is its errno.
  case system(call: String, path: String, code: Int32)
  /// The device, file or server is there but is not what was expected.
  case unsuitable(path: String, expected: String, found: String)
  /// The device offers none of the formats that can be used.
  case noFormat(path: String, expected: [String], offered: [String])
  /// A server has not answered yet; opening again goes on waiting for the same answer.
  case connecting(url: String, seconds: Int)
  /// An open camera is gone or has stopped; the text says why.
  case lost(String)
  /// A file or stream is over; the text says which.
  case ended(String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .system(let call, let path, let code):
      "\(call) failed on \(path): \(Self.words(code))\(Self.hint(call: call, code))"
    case .unsuitable(let path, let expected, let found):
      "\(path): expected \(expected), found \(found)"
    case .noFormat(let path, let expected, let offered):
      "\(path): expected a camera with \(expected.joined(separator: " or ")), "
        + "found \(offered.isEmpty ? "no formats" : offered.joined(separator: ", "))"
    case .connecting(let url, let seconds): "\(url) has not answered for \(seconds) s"
    case .lost(let why): "the camera is lost: \(why)"
    case .ended(let what): "\(what) is over"
    }
  }

  /// The system's words for an errno and its name, such as `No such device (ENODEV)`.
  static func words(_ code: Int32) -> String {
    let words = String(cString: strerror(code))
    return names[code].map { "\(words) (\($0))" } ?? "\(words) (errno \(code))"
  }

  private static func hint(call: String, _ code: Int32) -> String {
    switch code {
    case EACCES, EPERM: "; the user needs to be in the group \"video\", or to own the file"
    case EBUSY: "; another program uses the camera"
    case ENOENT, ENODEV,
      ENXIO where call == "open":
      "; is the camera plugged in?"
    case ENOTTY,
      ENOTDIR where call == "open":
      "; it is not a V4L2 device"
    case ENOSPC: "; the USB bus has no bandwidth left for this size and rate"
    default: ""
    }
  }

  private static let names: [Int32: String] = [
    EACCES: "EACCES", EAGAIN: "EAGAIN", EBUSY: "EBUSY", EINVAL: "EINVAL", EIO: "EIO",
    EISDIR: "EISDIR", EMFILE: "EMFILE", ENODEV: "ENODEV", ENOENT: "ENOENT", ENOMEM: "ENOMEM",
    ENOSPC: "ENOSPC", ENOTDIR: "ENOTDIR", ENOTTY: "ENOTTY", ENXIO: "ENXIO", EPERM: "EPERM",
    EPIPE: "EPIPE", EPROTO: "EPROTO", ETIMEDOUT: "ETIMEDOUT",
  ]
}

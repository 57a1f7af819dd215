import CLibJPEG

/// Why a JPEG could not be decoded or encoded.
public enum JPEGError: Error, Equatable, CustomStringConvertible {
  /// There are no bytes.
  case empty
  /// The file is larger than the limit; both in bytes.
  case tooManyBytes(found: Int, limit: Int)
  /// A side is 0 or the picture is beyond the limits; the text says what was found.
  case size(String)
  /// More progressive scans than the limit.
  case tooManyScans(limit: Int)
  /// Decoding would need more working memory than the limit in bytes, or none was left.
  case memory(limit: Int)
  /// CMYK, YCCK or another number of components than 1 or 3; the text says what was found.
  case colours(String)
  /// The data ends before the picture does; libjpeg's words.
  case truncated(String)
  /// The compressed data cannot be right; libjpeg's words.
  case damaged(String)
  /// Not a JPEG, or one that breaks the format's rules; libjpeg's words.
  case invalid(String)

  /// A short name for counters, such as `truncated`.
  public var reason: String {
    switch self {
    case .empty: "empty"
    case .tooManyBytes: "too-large"
    case .size: "size"
    case .tooManyScans: "scans"
    case .memory: "memory"
    case .colours: "colours"
    case .truncated: "truncated"
    case .damaged: "damaged"
    case .invalid: "invalid"
    }
  }

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .empty: "expected a JPEG, found no bytes"
    case .tooManyBytes(let found, let limit):
      "expected a JPEG of at most \(limit) bytes, found \(found)"
    case .size(let found): "expected a JPEG within the size limits, found \(found)"
    case .tooManyScans(let limit): "expected a JPEG of at most \(limit) scans, found more"
    case .memory(let limit):
      "expected a JPEG that decodes in \(limit) bytes of working memory; it needs more"
    case .colours(let found): "expected a grey, YCbCr or RGB JPEG, found \(found)"
    case .truncated(let words): "expected a whole JPEG, found a truncated one (\(words))"
    case .damaged(let words): "expected an intact JPEG, found a damaged one (\(words))"
    case .invalid(let words): "expected a JPEG, found something else (\(words))"
    }
  }

  init(_ failure: cs_jpeg_failure, limits: JPEGLimits) {
    let words = withUnsafeBytes(of: failure.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    switch Int(failure.status) {
    case CS_JPEG_SIZE: self = .size(words)
    case CS_JPEG_SCANS: self = .tooManyScans(limit: limits.scans)
    case CS_JPEG_MEMORY: self = .memory(limit: limits.workingMemory)
    case CS_JPEG_COLOURS: self = .colours(words)
    case CS_JPEG_TRUNCATED: self = .truncated(words)
    case CS_JPEG_DAMAGED: self = .damaged(words)
    default: self = .invalid(words)
    }
  }
}

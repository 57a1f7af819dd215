/// A strict JSON reader with bounds, for text from outside: RFC 8259 without leniency, duplicate
/// keys refused (Foundation's readers keep one of them silently), depth and number of values
/// limited, so that memory is bounded by the limits and the length of the text.
public struct JSONScanner {
  /// Values may be nested this deep.
  public static let maximumDepth = 16
  /// A text may hold this many values and keys.
  public static let maximumValues = 500_000

  private let bytes: [UInt8]
  private var position = 0
  private var values = 0

  /// Reads one value; only white space may follow it.
  /// - Throws: `JSONError` with the byte offset of the first thing that is wrong.
  public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
    var scanner = JSONScanner(bytes: bytes)
    let value = try scanner.value(depth: 0)
    scanner.skipSpace()
    guard scanner.position == bytes.count else {
      throw scanner.error("the end of the text")
    }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func error(_ expected: String) -> JSONError {
    var found = "the end"
    if let byte = current {
      found =
        (0x21...0x7E).contains(byte)
        ? "'\(Character(UnicodeScalar(byte)))'" : "byte \(byte)"
    }
    return JSONError(offset: position, expected: expected, found: found)
  }

  private mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard current == byte else { return false }
    position += 1
    return true
  }

  private mutating func count() throws(JSONError) {
    values += 1
    guard values <= Self.maximumValues else {
      throw error("at most \(Self.maximumValues) values")
    }
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    try count()
    guard depth <= Self.maximumDepth else {
      throw error("values nested at most \(Self.maximumDepth) deep")
    }
    skipSpace()
    switch current {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    default: return try number()
    }
  }

  private mutating func literal(
    _ text: StaticString, _ value: JSONValue
  ) throws(JSONError) -> JSONValue {
    for byte in text.description.utf8 {
      guard take(byte) else { throw error("'\(text)'") }
    }
    return value
  }

  private mutating func object(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var members: [JSONMember] = []
    var keys: Set<String> = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      guard current == UInt8(ascii: "\"") else { throw error("a key in quotes") }
      try count()
      let start = position
      let key = try string()
      guard keys.insert(key).inserted else {
        throw JSONError(
          offset: start, expected: "every key once", found: "\"\(key)\" a second time")
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw error("':'") }
      members.append(JSONMember(key, try value(depth: depth + 1)))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw error("',' or '}'") }
    }
  }

  private mutating func array(depth: Int) throws(JSONError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw error("',' or ']'") }
    }
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = current, (0x30...0x39).contains(byte) { position += 1 }
    return position - start
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = position
    var isInteger = true
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) {
      guard digits() > 0 else { throw error("a value") }
    }
    if take(UInt8(ascii: ".")) {
      isInteger = false
      guard digits() > 0 else { throw error("a digit") }
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isInteger = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      guard digits() > 0 else { throw error("a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, let integer = Int(text) { return .integer(integer) }
    guard !isInteger, let double = Double(text), double.isFinite else {
      throw JSONError(
        offset: start, expected: "a number that fits 64 bits", found: String(text.prefix(40)))
    }
    return .number(double)
  }

  private mutating func string() throws(JSONError) -> String {
    position += 1
    let start = position
    var content: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        guard let string = String(validating: content, as: UTF8.self) else {
          throw JSONError(
            offset: start, expected: "a string in UTF-8", found: "bytes that are not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"):
        position += 1
        content.append(contentsOf: try escape())
      case 0..<0x20: throw error("no control character in a string")
      default:
        content.append(byte)
        position += 1
      }
    }
    throw error("'\"'")
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard let byte = current else { throw error("an escape") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try unicodeEscape()
    default:
      position -= 1
      throw error("an escape")
    }
  }

  private mutating func unicodeEscape() throws(JSONError) -> [UInt8] {
    var code = try hexadecimal()
    if (0xD800..<0xDC00).contains(code) {
      guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        throw error("the second half of a surrogate pair")
      }
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else {
        throw error("the second half of a surrogate pair")
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
    }
    guard let scalar = UnicodeScalar(code) else { throw error("a Unicode character") }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw error("four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}

/// The first thing in a JSON text that is wrong.
public struct JSONError: Error, Equatable, CustomStringConvertible {
  /// Bytes before it.
  public var offset: Int
  /// What the grammar or a limit asks for there.
  public var expected: String
  /// What stands there.
  public var found: String

  /// One line: what was expected and what was found.
  public var description: String { "JSON: expected \(expected) at byte \(offset), found \(found)" }
}

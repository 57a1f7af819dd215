/// A JSON value as it stood in a file: members keep their order, integers stay integers.
public enum JSONValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number without fraction and exponent.
  case integer(Int)
  /// Any other number, finite.
  case number(Double)
  /// A string.
  case string(String)
  /// An array.
  case array([JSONValue])
  /// An object; no key stands twice where a `JSONScanner` made it.
  case object([JSONMember])

  /// The type's name, for messages.
  public var typeName: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// The number nearest to a f32 in decimal: 0.1 rather than 0.10000000149.
  public static func float(_ value: Float) -> JSONValue {
    if let integer = Int(exactly: value), abs(integer) < 1 << 24 { return .integer(integer) }
    return .number(Double(value.description) ?? Double(value))
  }
}

/// One key of an object, with its value.
public struct JSONMember: Sendable, Equatable {
  /// The key.
  public var key: String
  /// Its value.
  public var value: JSONValue

  /// A member.
  public init(_ key: String, _ value: JSONValue) {
    self.key = key
    self.value = value
  }
}

extension JSONValue {
  /// The value as JSON text on one line, without spaces.
  public var compactText: String {
    var text = ""
    write(to: &text, indentation: nil)
    return text
  }

  /// The value as JSON text, two spaces per level, arrays of scalars on one line.
  public var prettyText: String {
    var text = ""
    write(to: &text, indentation: 0)
    return text
  }

  private var isContainer: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }

  private func write(to text: inout String, indentation: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += value.description
    case .number(let value): text += value.description
    case .string(let value): Self.write(value, to: &text)
    case .array(let values):
      let breaks = values.contains { $0.isContainer }
      Self.list(
        values, "[", "]", to: &text, indentation: breaks ? indentation : nil,
        separator: indentation == nil || breaks ? "," : ", "
      ) {
        $0.write(to: &$1, indentation: $2)
      }
    case .object(let members):
      Self.list(members, "{", "}", to: &text, indentation: indentation) {
        Self.write($0.key, to: &$1)
        $1 += $2 == nil ? ":" : ": "
        $0.value.write(to: &$1, indentation: $2)
      }
    }
  }

  private static func list<Element>(
    _ elements: [Element], _ open: String, _ close: String, to text: inout String,
    indentation: Int?, separator: String = ",", element: (Element, inout String, Int?) -> Void
  ) {
    text += open
    let inner = indentation.map { $0 + 1 }
    for (index, value) in elements.enumerated() {
      if index > 0 { text += separator }
      if let inner { text += "\n" + String(repeating: "  ", count: inner) }
      element(value, &text, inner)
    }
    if let indentation, !elements.isEmpty {
      text += "\n" + String(repeating: "  ", count: indentation)
    }
    text += close
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}

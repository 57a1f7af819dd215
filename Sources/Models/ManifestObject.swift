/// An object of a manifest, read key by key; `finish()` refuses the keys that nobody asked for.
package struct ManifestObject {
  private let key: String
  private var members: [String: JSONValue]

  package init(_ value: JSONValue, key: String) throws(ModelError) {
    guard case .object(let members) = value else {
      throw .value(
        key: key.isEmpty ? "the file" : key, expected: "an object", found: value.typeName)
    }
    self.key = key
    self.members = Dictionary(
      members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  package func finish() throws(ModelError) {
    guard let unknown = members.keys.min() else { return }
    throw .value(key: path(unknown), expected: "no such key", found: "one")
  }

  package func has(_ name: String) -> Bool { members[name] != nil }

  package mutating func object(_ name: String) throws(ModelError) -> ManifestObject {
    try ManifestObject(try take(name), key: path(name))
  }

  package mutating func optionalObject(_ name: String) throws(ModelError) -> ManifestObject? {
    has(name) ? try object(name) : nil
  }

  /// Any value, as it stands.
  package mutating func optionalValue(_ name: String) -> JSONValue? {
    members.removeValue(forKey: name)
  }

  package mutating func objects(
    _ name: String, _ count: ClosedRange<Int>
  ) throws(ModelError) -> [ManifestObject] {
    var objects: [ManifestObject] = []
    for (index, value) in try array(name, count).enumerated() {
      objects.append(try ManifestObject(value, key: "\(path(name))[\(index)]"))
    }
    return objects
  }

  package mutating func integer(_ name: String, _ range: ClosedRange<Int>) throws(ModelError) -> Int
  {
    let value = try take(name)
    guard case .integer(let integer) = value, range.contains(integer) else {
      throw wrong(name, "an integer of \(range.lowerBound) to \(range.upperBound)", value)
    }
    return integer
  }

  package mutating func optionalInteger(
    _ name: String, _ range: ClosedRange<Int>
  ) throws(ModelError) -> Int? {
    has(name) ? try integer(name, range) : nil
  }

  package mutating func float(_ name: String, in range: ClosedRange<Float>) throws(ModelError)
    -> Float
  {
    try Self.float(try take(name), key: path(name), range)
  }

  package mutating func floats(
    _ name: String, _ count: ClosedRange<Int>, in range: ClosedRange<Float>
  ) throws(ModelError) -> [Float] {
    try Self.floats(try take(name), key: path(name), count, range)
  }

  package mutating func floatLists(
    _ name: String, _ outer: ClosedRange<Int>, _ inner: ClosedRange<Int>,
    in range: ClosedRange<Float>
  ) throws(ModelError) -> [[Float]] {
    var lists: [[Float]] = []
    for (index, value) in try array(name, outer).enumerated() {
      lists.append(try Self.floats(value, key: "\(path(name))[\(index)]", inner, range))
    }
    return lists
  }

  package mutating func string(_ name: String, _ length: ClosedRange<Int>) throws(ModelError)
    -> String
  {
    let value = try take(name)
    guard case .string(let string) = value, length.contains(string.utf8.count) else {
      throw wrong(
        name, "a string of \(length.lowerBound) to \(length.upperBound) bytes", value)
    }
    return string
  }

  package mutating func optionalString(
    _ name: String, _ length: ClosedRange<Int>
  ) throws(ModelError) -> String? {
    has(name) ? try string(name, length) : nil
  }

  package mutating func strings(_ name: String, _ count: ClosedRange<Int>) throws(ModelError)
    -> [String]
  {
    var strings: [String] = []
    for (index, value) in try array(name, count).enumerated() {
      guard case .string(let string) = value, (1...128).contains(string.utf8.count) else {
        throw wrong("\(name)[\(index)]", "a string of 1 to 128 bytes", value)
      }
      strings.append(string)
    }
    return strings
  }

  package mutating func choice(_ name: String, _ choices: [String]) throws(ModelError) -> String {
    let value = try take(name)
    guard case .string(let string) = value, choices.contains(string) else {
      throw wrong(name, "one of \(choices.joined(separator: ", "))", value)
    }
    return string
  }

  package mutating func hash(_ name: String) throws(ModelError) -> String {
    let value = try take(name)
    guard case .string(let text) = value, text.utf8.count == 64,
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
    else { throw wrong(name, "64 lower-case hex digits", value) }
    return text
  }

  package mutating func optionalHash(_ name: String) throws(ModelError) -> String? {
    has(name) ? try hash(name) : nil
  }

  private func path(_ name: String) -> String { key.isEmpty ? name : "\(key).\(name)" }

  private func wrong(_ name: String, _ expected: String, _ value: JSONValue) -> ModelError {
    Self.wrong(path(name), expected, value)
  }

  private static func wrong(_ key: String, _ expected: String, _ value: JSONValue) -> ModelError {
    let text = value.compactText
    let found = text.count > 60 ? "\(value.typeName) \(text.prefix(60))…" : text
    return .value(key: key, expected: expected, found: found)
  }

  private mutating func take(_ name: String) throws(ModelError) -> JSONValue {
    guard let value = members.removeValue(forKey: name) else {
      throw .value(key: path(name), expected: "a value", found: "none")
    }
    return value
  }

  private mutating func array(
    _ name: String, _ count: ClosedRange<Int>
  ) throws(ModelError) -> [JSONValue] {
    try Self.array(try take(name), key: path(name), count)
  }

  private static func array(
    _ value: JSONValue, key: String, _ count: ClosedRange<Int>
  ) throws(ModelError) -> [JSONValue] {
    guard case .array(let elements) = value, count.contains(elements.count) else {
      throw wrong(key, "an array of \(count.lowerBound) to \(count.upperBound) elements", value)
    }
    return elements
  }

  private static func floats(
    _ value: JSONValue, key: String, _ count: ClosedRange<Int>, _ range: ClosedRange<Float>
  ) throws(ModelError) -> [Float] {
    var floats: [Float] = []
    for (index, element) in try array(value, key: key, count).enumerated() {
      floats.append(try float(element, key: "\(key)[\(index)]", range))
    }
    return floats
  }

  private static func float(
    _ value: JSONValue, key: String, _ range: ClosedRange<Float>
  ) throws(ModelError) -> Float {
    let float: Float? =
      switch value {
      case .integer(let integer): Float(integer)
      case .number(let number): Float(number)
      default: nil
      }
    guard let float, range.contains(float) else {
      throw wrong(key, "a number of \(range.lowerBound) to \(range.upperBound)", value)
    }
    return float
  }
}

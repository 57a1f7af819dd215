import Yams

/// Reads typed values from YAML nodes and collects what is wrong with their lines instead of
/// stopping at the first.
struct YAMLReader {
  let file: String
  private var found: [(line: Int, problem: SettingsProblem)] = []

  init(file: String) { self.file = file }

  mutating func report(_ node: Node, _ key: String, expected: String, found: String? = nil) {
    let line = node.mark?.line ?? 1
    self.found.append(
      (
        line,
        SettingsProblem(
          place: "\(file):\(line)", key: key, expected: expected,
          found: found ?? Self.describe(node))
      ))
  }

  /// What is wrong, in the order of the file.
  var problems: [SettingsProblem] { found.sorted { $0.line < $1.line }.map(\.problem) }

  /// The values of a mapping by key; a key outside `keys` is reported.
  mutating func mapping(_ node: Node, _ key: String, keys: [String]) -> [String: Node] {
    guard case .mapping(let mapping) = node else {
      report(node, key, expected: "a mapping with the keys \(keys.joined(separator: ", "))")
      return [:]
    }
    var values: [String: Node] = [:]
    for (name, value) in mapping {
      let text = name.scalar?.string ?? Self.describe(name)
      guard keys.contains(text) else {
        report(
          name, key.isEmpty ? text : "\(key).\(text)",
          expected: "one of the keys \(keys.joined(separator: ", "))",
          found: "an unknown key \"\(Self.shortened(text))\"")
        continue
      }
      values[text] = value
    }
    return values
  }

  /// A text that is not empty.
  mutating func text(_ node: Node, _ key: String, expected: String) -> String? {
    guard let text = node.scalar?.string, !text.isEmpty, !text.contains("\0"), !Self.isNull(node)
    else {
      report(node, key, expected: expected)
      return nil
    }
    return text
  }

  /// A text, or nil for `word` (such as `auto`).
  mutating func text(_ node: Node, _ key: String, unless word: String, expected: String) -> String?
  {
    let value = text(node, key, expected: "\(expected) or \(word)")
    return value == word ? nil : value
  }

  mutating func integer(_ node: Node, _ key: String, in range: ClosedRange<Int>) -> Int? {
    guard Self.isPlain(node), let value = node.int, range.contains(value) else {
      report(
        node, key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    return value
  }

  mutating func number(_ node: Node, _ key: String, in range: ClosedRange<Double>) -> Double? {
    guard Self.isPlain(node), let value = node.float, range.contains(value) else {
      report(node, key, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
      return nil
    }
    return value
  }

  mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ node: Node, _ key: String, of type: Choice.Type
  ) -> Choice? where Choice.RawValue == String {
    guard let value = node.scalar.flatMap({ Choice(rawValue: $0.string) }) else {
      let names = type.allCases.map(\.rawValue).joined(separator: ", ")
      report(node, key, expected: "one of \(names)")
      return nil
    }
    return value
  }

  /// The elements of a list of at least one and at most `maximum`.
  mutating func list(_ node: Node, _ key: String, of what: String, maximum: Int) -> [Node] {
    guard case .sequence(let sequence) = node, (1...maximum).contains(sequence.count) else {
      let count = node.sequence.map { "a list of \($0.count)" }
      report(node, key, expected: "a list of 1 to \(maximum) \(what)", found: count)
      return []
    }
    return Array(sequence)
  }

  static func describe(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar):
      isNull(node) ? "nothing" : "\"\(shortened(scalar.string))\""
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }

  static func shortened(_ text: String) -> String {
    let printable = String(
      text.unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    return printable.count > 60 ? printable.prefix(60) + "…" : printable
  }

  /// A quoted "5" is a text, not a number.
  private static func isPlain(_ node: Node) -> Bool {
    node.scalar.map { $0.style == .plain || $0.style == .any } ?? false
  }

  private static func isNull(_ node: Node) -> Bool {
    isPlain(node) && ["", "~", "null", "Null", "NULL"].contains(node.scalar?.string)
  }
}

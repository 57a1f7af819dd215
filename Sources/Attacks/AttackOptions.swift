/// The part of a specification after its `:`, read option by option, so that none is left unread.
struct AttackOptions {
  let attack: String
  private var values: [String: String] = [:]
  private var asked: [String] = []

  /// - Throws: `AttackSpecificationError.malformed`, `.duplicate`.
  init(_ text: Substring, attack: String) throws {
    self.attack = attack
    guard !text.isEmpty else { return }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else {
        throw AttackSpecificationError.malformed(found: String(part))
      }
      guard values.updateValue(String(sides[1]), forKey: String(sides[0])) == nil else {
        throw AttackSpecificationError.duplicate(name: String(sides[0]))
      }
    }
  }

  /// - Throws: `AttackSpecificationError.option` for an option that nobody asked for.
  func finish() throws {
    if let name = values.keys.sorted().first(where: { !asked.contains($0) }) {
      throw AttackSpecificationError.option(name: name, attack: attack, possible: asked)
    }
  }

  /// The option's text; asking makes it known.
  mutating func text(_ name: String) -> String? {
    if !asked.contains(name) { asked.append(name) }
    return values[name]
  }

  mutating func integer<Number: FixedWidthInteger>(
    _ name: String, _ range: ClosedRange<Number>
  ) throws -> Number? {
    guard let text = text(name) else { return nil }
    guard let value = Number(text), range.contains(value) else {
      throw AttackSpecificationError.value(
        option: name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
        found: text)
    }
    return value
  }

  mutating func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(
    _ name: String, _ range: ClosedRange<Number>
  ) throws -> Number? {
    guard let text = text(name) else { return nil }
    guard let value = Number(text), range.contains(value) else {
      let (low, high) = (Plain.text(range.lowerBound), Plain.text(range.upperBound))
      throw AttackSpecificationError.value(
        option: name, expected: "a number from \(low) to \(high)", found: text)
    }
    return value
  }

  /// One of several words.
  mutating func choice<Value>(
    _ name: String, _ choices: [(name: String, value: Value)]
  ) throws -> Value? {
    guard let text = text(name) else { return nil }
    guard let choice = choices.first(where: { $0.name == text }) else {
      throw AttackSpecificationError.value(
        option: name, expected: "one of " + choices.map(\.name).joined(separator: ", "),
        found: text)
    }
    return choice.value
  }
}

/// The part of an address after its `?`, read option by option, so that none is left unread.
struct AddressOptions {
  /// What stands before the `?`.
  let place: String
  private let scheme: String
  private var values: [String: String] = [:]
  private var asked: [String] = []

  init(_ text: String, address: String, scheme: String) throws {
    self.scheme = scheme
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    place = String(parts.first ?? "")
    guard parts.count == 2 else { return }
    for pair in parts[1].split(separator: "&") {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2 else {
        throw CameraAddressError.malformed(
          address: address, expected: "OPTION=VALUE instead of \"\(pair)\"")
      }
      guard values.updateValue(String(sides[1]), forKey: String(sides[0])) == nil else {
        throw CameraAddressError.malformed(
          address: address, expected: "option \(sides[0]) only once")
      }
    }
  }

  /// - Throws: `CameraAddressError.option` for an option that nobody asked for.
  func finish() throws {
    if let name = values.keys.sorted().first(where: { !asked.contains($0) }) {
      throw CameraAddressError.option(name: name, scheme: scheme, possible: asked)
    }
  }

  mutating func text(_ name: String) -> String? {
    asked.append(name)
    return values[name]
  }

  /// Frames per second; 0 means as fast as possible.
  mutating func rate(_ name: String) throws -> Double? {
    guard let value = try number(name, 0...1000) else { return nil }
    guard value == 0 || value >= 0.01 else {
      throw CameraAddressError.value(
        option: name, expected: "0 or a number from 0.01 to 1000", found: "\(value)")
    }
    return value
  }

  mutating func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
    guard let text = text(name) else { return nil }
    guard let value = Double(text), range.contains(value) else {
      throw CameraAddressError.value(
        option: name, expected: "a number from \(range.lowerBound) to \(range.upperBound)",
        found: text)
    }
    return value
  }

  mutating func integer<Number: FixedWidthInteger>(
    _ name: String, _ range: ClosedRange<Number>
  ) throws -> Number? {
    guard let text = text(name) else { return nil }
    guard let value = Number(text), range.contains(value) else {
      throw CameraAddressError.value(
        option: name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
        found: text)
    }
    return value
  }

  mutating func flag(_ name: String) throws -> Bool? {
    try choice(name, ["true": true, "false": false])
  }

  mutating func choice<Value>(_ name: String, _ choices: [String: Value]) throws -> Value? {
    guard let text = text(name) else { return nil }
    guard let value = choices[text] else {
      throw CameraAddressError.value(
        option: name, expected: choices.keys.sorted().joined(separator: " or "), found: text)
    }
    return value
  }
}

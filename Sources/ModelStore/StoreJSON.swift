import Models

/// Reads the store's own JSON files with the strictness of manifests.
enum StoreJSON {
  /// More than any of the files needs.
  static let maximumBytes = 1 << 20
  /// A reason's bytes at most.
  static let maximumReason = 2048

  /// Reads an object from bytes.
  /// - Throws: `ModelStoreError.json` with the first thing that is wrong.
  static func read<Result>(
    _ bytes: [UInt8], path: String, _ body: (inout ManifestObject) throws -> Result
  ) throws -> Result {
    do {
      var object = try ManifestObject(try JSONScanner.parse(bytes), key: "")
      let version = try object.integer("formatVersion", 1...Int.max)
      guard version == 1 else {
        throw ModelError.value(key: "formatVersion", expected: "1", found: "\(version)")
      }
      let result = try body(&object)
      try object.finish()
      return result
    } catch let error as JSONError {
      throw ModelStoreError.json(
        path: path, key: "", expected: error.expected + " at byte \(error.offset)",
        found: error.found)
    } catch ModelError.value(let key, let expected, let found) {
      throw ModelStoreError.json(path: path, key: key, expected: expected, found: found)
    }
  }

  /// The text of an object with its version in front.
  static func text(_ members: [JSONMember]) -> [UInt8] {
    let all = [JSONMember("formatVersion", .integer(1))] + members
    return Array((JSONValue.object(all).prettyText + "\n").utf8)
  }

  /// JSON from a caller.
  /// - Throws: `ModelStoreError.json` where it is none, or too long.
  static func value(_ bytes: [UInt8], name: String) throws(ModelStoreError) -> JSONValue {
    guard bytes.count <= maximumBytes / 4 else {
      throw .json(
        path: name, key: "", expected: "at most \(maximumBytes / 4) bytes", found: "\(bytes.count)")
    }
    do throws(JSONError) {
      // One level deeper, as it will stand in a file.
      _ = try JSONScanner.parse([UInt8(ascii: "[")] + bytes + [UInt8(ascii: "]")])
      return try JSONScanner.parse(bytes)
    } catch {
      throw .json(
        path: name, key: "", expected: error.expected + " at byte \(error.offset)",
        found: error.found)
    }
  }

  /// A text cut to a number of bytes, between two characters.
  static func bounded(_ text: String, bytes limit: Int = maximumReason) -> String {
    guard text.utf8.count > limit else { return text }
    var result = ""
    var count = 0
    for character in text {
      count += character.utf8.count
      if count > limit { break }
      result.append(character)
    }
    return result
  }
}

extension ManifestObject {
  /// An id: 64 lower-case hex digits.
  mutating func id(_ name: String) throws(ModelError) -> String { try hash(name) }

  /// A date in ISO 8601.
  mutating func date(_ name: String) throws(ModelError) -> String { try string(name, 1...40) }
}

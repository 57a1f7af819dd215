import Tensors

/// One tensor of a safetensors file.
public struct SafetensorsEntry: Sendable, Equatable {
  /// Its name.
  public var name: String
  /// The type of its elements.
  public var type: ElementType
  /// Its shape; empty for a scalar.
  public var shape: [Int]
  /// Its bytes, counted from the end of the header.
  public var range: Range<Int>
}

/// The header of a safetensors file, read strictly.
struct SafetensorsHeader {
  var entries: [SafetensorsEntry]
  var metadata: [String: String]

  /// More dimensions than any layer has.
  static let maximumRank = 8
  /// A tensor's name in bytes.
  static let maximumNameLength = 512

  /// Reads and checks a header against the number of bytes that follow it.
  static func parse(
    _ bytes: [UInt8], dataBytes: Int
  ) throws(SafetensorsError.Problem) -> SafetensorsHeader {
    let json: JSONValue
    do throws(JSONError) { json = try JSONScanner.parse(bytes) } catch {
      throw .headerJSON(error)
    }
    guard case .object(let members) = json else {
      throw .header(key: "header", expected: "an object", found: json.typeName)
    }
    var header = SafetensorsHeader(entries: [], metadata: [:])
    header.entries.reserveCapacity(members.count)
    for member in members {
      if member.key == "__metadata__" {
        header.metadata = try metadata(member.value)
      } else {
        header.entries.append(try entry(member))
      }
    }
    // The keys may stand in any order (writers of hash maps shuffle them); the ranges may not.
    header.entries.sort {
      ($0.range.lowerBound, $0.range.upperBound, $0.name)
        < ($1.range.lowerBound, $1.range.upperBound, $1.name)
    }
    var end = 0
    for entry in header.entries {
      guard entry.range.lowerBound == end else {
        throw .offsets(name: entry.name, expectedStart: end, foundStart: entry.range.lowerBound)
      }
      end = entry.range.upperBound
    }
    guard end == dataBytes else { throw .dataEnd(expected: dataBytes, found: end) }
    return header
  }

  private static func metadata(
    _ value: JSONValue
  ) throws(SafetensorsError.Problem) -> [String: String] {
    guard case .object(let members) = value else {
      throw .header(key: "__metadata__", expected: "an object", found: value.typeName)
    }
    var metadata: [String: String] = [:]
    for member in members {
      guard case .string(let text) = member.value else {
        throw .header(
          key: "__metadata__.\(member.key)", expected: "a string", found: member.value.typeName)
      }
      metadata[member.key] = text
    }
    return metadata
  }

  private static func entry(
    _ member: JSONMember
  ) throws(SafetensorsError.Problem) -> SafetensorsEntry {
    let name = member.key
    guard name.utf8.count <= maximumNameLength else {
      throw .header(
        key: String(name.prefix(64)) + "…",
        expected: "a name of at most \(maximumNameLength) bytes",
        found: "\(name.utf8.count)")
    }
    guard case .object(let fields) = member.value else {
      throw .header(key: name, expected: "an object", found: member.value.typeName)
    }
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    for field in fields {
      let key = "\(name).\(field.key)"
      switch field.key {
      case "dtype":
        guard case .string(let text) = field.value else {
          throw .header(key: key, expected: "a string", found: field.value.typeName)
        }
        type = ElementType(rawValue: text)
        if type == nil {
          let names = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
          throw .header(key: key, expected: "one of \(names)", found: "\"\(text.prefix(32))\"")
        }
      case "shape": shape = try naturals(field.value, key: key, count: 0...maximumRank)
      case "data_offsets": offsets = try naturals(field.value, key: key, count: 2...2)
      default:
        throw .header(key: key, expected: "dtype, shape or data_offsets", found: "another key")
      }
    }
    guard let type, let shape, let offsets else {
      throw .header(
        key: name, expected: "dtype, shape and data_offsets", found: "only \(fields.map(\.key))")
    }
    guard offsets[0] <= offsets[1] else {
      throw .header(
        key: "\(name).data_offsets", expected: "a range that does not end before it begins",
        found: "\(offsets)")
    }
    try check(name: name, type: type, shape: shape, length: offsets[1] - offsets[0])
    return SafetensorsEntry(name: name, type: type, shape: shape, range: offsets[0]..<offsets[1])
  }

  private static func check(
    name: String, type: ElementType, shape: [Int], length: Int
  ) throws(SafetensorsError.Problem) {
    guard let count = try? Tensor.count(of: shape) else {
      throw .overflow(name: name, shape: shape)
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteSize)
    guard !overflow else { throw .overflow(name: name, shape: shape) }
    guard bytes == length else {
      throw .tensorSize(name: name, type: type, shape: shape, found: length)
    }
  }

  private static func naturals(
    _ value: JSONValue, key: String, count: ClosedRange<Int>
  ) throws(SafetensorsError.Problem) -> [Int] {
    guard case .array(let elements) = value else {
      throw .header(key: key, expected: "an array", found: value.typeName)
    }
    guard count.contains(elements.count) else {
      throw .header(
        key: key, expected: "\(count.lowerBound) to \(count.upperBound) numbers",
        found: "\(elements.count)")
    }
    var naturals: [Int] = []
    for element in elements {
      guard case .integer(let natural) = element, natural >= 0 else {
        throw .header(
          key: key, expected: "integers of 0 or more",
          found: element.compactText.prefix(40).description)
      }
      naturals.append(natural)
    }
    return naturals
  }
}

extension SafetensorsError.Problem: Error {}

/// What was left out of a data set because it is broken or cannot be read.
public struct SkippedImages: Sendable, Hashable, Codable, CustomStringConvertible {
  /// One file or folder.
  public struct Entry: Sendable, Hashable, Codable {
    /// Its path below the data set's folder.
    public let name: String
    /// What is wrong with it.
    public let reason: String
  }

  /// How many are kept by name.
  public static let namedCount = 10

  /// How many were left out.
  public private(set) var count = 0
  /// The first of them.
  public private(set) var first: [Entry] = []

  /// Nothing left out.
  public init() {}

  /// Counts one more.
  public mutating func add(name: String, reason: String) {
    count += 1
    if first.count < Self.namedCount { first.append(Entry(name: name, reason: reason)) }
  }

  /// Counts those of another report after one's own.
  public mutating func add(_ other: SkippedImages) {
    count += other.count
    first += other.first.prefix(Self.namedCount - first.count)
  }

  /// The same entries as they are named from the folder above.
  func below(_ folder: String) -> SkippedImages {
    var result = self
    result.first = first.map { Entry(name: "\(folder)/\($0.name)", reason: $0.reason) }
    return result
  }

  /// One line: how many, and the first by name.
  public var description: String {
    guard count > 0 else { return "none left out" }
    let names = first.map { "\($0.name) (\($0.reason))" }.joined(separator: "; ")
    let more = count > first.count ? "; and \(count - first.count) more" : ""
    return "\(count) left out: \(names)\(more)"
  }
}

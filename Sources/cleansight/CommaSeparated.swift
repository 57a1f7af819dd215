import ArgumentParser

/// Values on the command line, separated by commas.
struct CommaSeparated<Element: LosslessStringConvertible & Sendable>: ExpressibleByArgument,
  Sendable
{
  var values: [Element]

  init(_ values: [Element]) { self.values = values }

  /// Nil where a part is empty or no such value.
  init?(argument: String) {
    values = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let text = part.drop { $0 == " " }
      guard !text.isEmpty, let value = Element(String(text)) else { return nil }
      values.append(value)
    }
  }

  var defaultValueDescription: String { values.map(\.description).joined(separator: ",") }
}

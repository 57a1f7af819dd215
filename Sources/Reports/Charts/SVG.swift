import Foundation

/// Text and numbers for SVG and HTML.
enum Markup {
  /// Text that is safe between tags and in quoted attributes. Characters that XML forbids are left
  /// out.
  static func escape(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      default:
        let value = scalar.value
        if value >= 0x20, value != 0x7F, value & 0xFFFE != 0xFFFE {
          result.unicodeScalars.append(scalar)
        }
      }
    }
    return result
  }

  /// A number for readers with a fixed count of decimals, `–` for what is none.
  static func number(_ value: Double?, decimals: Int) -> String {
    guard let value, value.isFinite else { return "–" }
    return fixed(value, decimals).replacing("-", with: "−")
  }

  /// A coordinate: one decimal is a tenth of a pixel.
  static func place(_ value: Double) -> String {
    let text = fixed(value.isFinite ? value : 0, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// Never a minus zero.
  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(max(0, min(decimals, 12)))f", value)
    let isZero = !text.contains { $0.isNumber && $0 != "0" }
    return isZero && text.hasPrefix("-") ? String(text.dropFirst()) : text
  }
}

/// Collects the elements of an SVG.
struct SVG {
  private var elements: [String] = []

  mutating func add(_ element: String) { elements.append(element) }

  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String
  ) {
    add(
      "<line x1=\"\(Markup.place(x1))\" y1=\"\(Markup.place(y1))\" x2=\"\(Markup.place(x2))\" "
        + "y2=\"\(Markup.place(y2))\" class=\"\(style)\"/>")
  }

  mutating func rectangle(
    x: Double, y: Double, width: Double, height: Double, radius: Double = 0, style: String,
    hint: String? = nil
  ) {
    let hint = hint.map { "<title>\(Markup.escape($0))</title>" } ?? ""
    add(
      "<rect x=\"\(Markup.place(x))\" y=\"\(Markup.place(y))\" width=\"\(Markup.place(width))\" "
        + "height=\"\(Markup.place(height))\" rx=\"\(Markup.place(radius))\" "
        + "class=\"\(style)\">\(hint)</rect>")
  }

  mutating func text(_ text: String, x: Double, y: Double, style: String = "") {
    add(
      "<text x=\"\(Markup.place(x))\" y=\"\(Markup.place(y))\" class=\"\(style)\">"
        + "\(Markup.escape(text))</text>")
  }

  mutating func path(_ data: String, style: String) {
    add("<path d=\"\(data)\" class=\"\(style)\"/>")
  }

  /// The finished element; it scales with the width it is given.
  func element(title: String, width: Double, height: Double) -> String {
    let label = Markup.escape(title)
    return "<svg class=\"chart\" viewBox=\"0 0 \(Markup.place(width)) \(Markup.place(height))\" "
      + "role=\"img\" aria-label=\"\(label)\">" + elements.joined(separator: "\n") + "</svg>"
  }
}

/// Names with their colours, in as many lines as they need.
struct Legend {
  /// The height of a line.
  static let lineHeight = 22.0
  /// A generous guess for the width of a letter, larger letters on phones included.
  private static let letter = 8.2

  private let lines: [[(x: Double, name: String, style: String)]]

  init(_ entries: [(name: String, style: String)], width: Double) {
    var lines: [[(x: Double, name: String, style: String)]] = []
    var x = Double.infinity
    for entry in entries {
      let length = 38 + Double(entry.name.count) * Self.letter
      if x + length > width {
        lines.append([])
        x = 0
      }
      lines[lines.count - 1].append((x, entry.name, entry.style))
      x += length
    }
    self.lines = lines
  }

  var height: Double { Double(lines.count) * Self.lineHeight }

  func draw(into svg: inout SVG, x: Double, y: Double) {
    for (index, line) in lines.enumerated() {
      let middle = y + (Double(index) + 0.5) * Self.lineHeight
      for entry in line {
        svg.rectangle(
          x: x + entry.x, y: middle - 5, width: 14, height: 10, radius: 3,
          style: "f-\(entry.style)")
        svg.text(entry.name, x: x + entry.x + 20, y: middle + 4.5, style: "name")
      }
    }
  }
}

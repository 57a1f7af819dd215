import Foundation

/// A report as one HTML file that needs nothing else: no script, no network, no other file. It is
/// readable on a phone, in light and in dark.
public struct HTMLReport: Sendable {
  /// A headed part.
  public struct Section: Sendable {
    /// The heading.
    public var title: String
    /// What stands under it.
    public var blocks: [Block]

    /// A part of a report.
    public init(title: String, blocks: [Block]) {
      self.title = title
      self.blocks = blocks
    }
  }

  /// What a section is made of. All text is plain; it is escaped when it is written.
  public enum Block: Sendable {
    /// A paragraph.
    case paragraph(String)
    /// Large numbers side by side.
    case figures([Figure])
    /// Names with their values.
    case facts([Fact])
    /// A table.
    case table(Table)
    /// Charts, side by side where there is room.
    case charts([any Chart])
    /// Small pictures, enlarged pixel by pixel, side by side where there is room.
    case pictures([Picture])
    /// Photographs, side by side where there is room.
    case photographs([Picture])
  }

  /// A large number with its name and a few words.
  public struct Figure: Sendable, Equatable {
    /// What it is.
    public var name: String
    /// The number with its unit.
    public var value: String
    /// A few words below, such as the value before.
    public var detail: String

    /// A large number.
    public init(name: String, value: String, detail: String = "") {
      self.name = name
      self.value = value
      self.detail = detail
    }
  }

  /// A name with its value.
  public struct Fact: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The value.
    public var value: String

    /// A name with its value.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// Rows under headings. The first column holds names, the others numbers, set to the right.
  public struct Table: Sendable, Equatable {
    /// The heading of each column.
    public var columns: [String]
    /// The cells of each row; missing ones stay empty.
    public var rows: [[String]]
    /// What it shows, below the table.
    public var caption: String

    /// A table.
    public init(columns: [String], rows: [[String]], caption: String = "") {
      self.columns = columns
      self.rows = rows
      self.caption = caption
    }
  }

  /// A picture, written into the file.
  public struct Picture: Sendable, Equatable {
    /// The formats browsers know.
    public enum Format: String, Sendable {
      /// JPEG.
      case jpeg = "image/jpeg"
      /// PNG.
      case png = "image/png"
    }

    /// A whole file in the format.
    public var bytes: [UInt8]
    /// The format.
    public var format: Format
    /// What stands below, and what a screen reader says.
    public var caption: String

    /// A picture.
    public init(bytes: [UInt8], format: Format = .jpeg, caption: String) {
      self.bytes = bytes
      self.format = format
      self.caption = caption
    }
  }

  /// The headline.
  public var title: String
  /// A line below it.
  public var subtitle: String
  /// The parts, from the top.
  public var sections: [Section]
  /// A line at the end.
  public var footer: String

  /// A report.
  public init(title: String, subtitle: String = "", sections: [Section], footer: String = "") {
    self.title = title
    self.subtitle = subtitle
    self.sections = sections
    self.footer = footer
  }

  /// The whole file.
  public func html() -> String {
    let body = sections.map { section in
      "<section><h2>\(Markup.escape(section.title))</h2>\n"
        + section.blocks.map(\.html).joined(separator: "\n") + "</section>"
    }
    // Not even a mistake in this program can load something or run a script.
    let policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    let subtitle = subtitle.isEmpty ? "" : "<p>\(Markup.escape(subtitle))</p>"
    let footer = footer.isEmpty ? "" : "<footer>\(Markup.escape(footer))</footer>"
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="\(policy)">
      <title>\(Markup.escape(title))</title>
      <style>
      \(ChartStyle.css)
      \(HTMLStyle.css)
      </style>
      </head>
      <body>
      <header><h1>\(Markup.escape(title))</h1>\(subtitle)</header>
      <main>
      \(body.joined(separator: "\n"))
      </main>
      \(footer)
      </body>
      </html>

      """
  }
}

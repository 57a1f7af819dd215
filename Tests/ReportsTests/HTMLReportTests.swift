import Foundation
import Testing

@testable import Reports

@Suite struct HTMLReportTests {
  private let attack = "<script>alert('x')</script>\" onload=\"y"

  private func report() -> HTMLReport {
    HTMLReport(
      title: attack, subtitle: attack,
      sections: [
        .init(
          title: attack,
          blocks: [
            .paragraph(attack),
            .figures([.init(name: attack, value: attack, detail: attack)]),
            .facts([.init(attack, attack)]),
            .table(
              .init(columns: [attack, "n"], rows: [[attack], ["a", "1", "2"]], caption: attack)),
            .charts([LineChart(title: attack, xName: attack, yName: attack, series: [])]),
            .pictures([.init(bytes: [0, 1, 254], format: .png, caption: attack)]),
            .photographs([.init(bytes: [255, 216], caption: attack)]),
          ])
      ], footer: attack)
  }

  @Test func textIsEscapedEverywhere() {
    let html = report().html()
    #expect(!html.contains("<script"))
    #expect(!html.contains("\" onload"))
    #expect(html.components(separatedBy: "&lt;script&gt;").count > 20)
  }

  @Test func needsNothingElse() {
    let html = report().html()
    for word in ["http:", "https:", "url(", "@import", "<link", "src=\"/"] {
      #expect(!html.contains(word), "\(word)")
    }
    #expect(html.contains("default-src 'none'"))
    #expect(html.contains("src=\"data:image/png;base64,AAH+\""))
    #expect(html.contains("<div class=\"photographs\"><figure><img src=\"data:image/jpeg;base64,"))
    #expect(html.contains("prefers-color-scheme:dark"))
    #expect(html.contains("name=\"viewport\""))
  }

  @Test func tablesHaveTheirColumns() {
    let html = report().html()
    let rows = html.components(separatedBy: "<tr>").dropFirst(2)
    #expect(rows.map { $0.components(separatedBy: "<td>").count - 1 } == [1, 1])
    #expect(html.contains("<tr><th scope=\"row\">a</th><td>1</td></tr>"))
  }

  @Test func numbers() {
    #expect(Markup.number(-0.0001, decimals: 2) == "0.00")
    #expect(Markup.number(-1.5, decimals: 1) == "−1.5")
    #expect(Markup.number(.nan, decimals: 1) == "–")
    #expect(Markup.number(nil, decimals: 1) == "–")
    #expect(Markup.place(-3.04) == "-3")
    #expect(Markup.place(.infinity) == "0")
  }
}

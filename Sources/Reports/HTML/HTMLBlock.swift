import Foundation

extension HTMLReport.Block {
  /// The block as HTML.
  var html: String {
    switch self {
    case .paragraph(let text): "<p>\(Markup.escape(text))</p>"
    case .figures(let figures):
      "<div class=\"figures\">" + figures.map(\.html).joined() + "</div>"
    case .facts(let facts):
      "<dl>"
        + facts.map {
          "<div><dt>\(Markup.escape($0.name))</dt><dd>\(Markup.escape($0.value))</dd></div>"
        }.joined() + "</dl>"
    case .table(let table): table.html
    case .charts(let charts):
      "<div class=\"charts\">"
        + charts.map {
          "<figure><figcaption>\(Markup.escape($0.title))</figcaption>\($0.svg())</figure>"
        }.joined() + "</div>"
    case .pictures(let pictures):
      "<div class=\"pictures\">" + pictures.map(\.html).joined() + "</div>"
    case .photographs(let pictures):
      "<div class=\"photographs\">" + pictures.map(\.html).joined() + "</div>"
    }
  }
}

extension HTMLReport.Figure {
  fileprivate var html: String {
    let detail = detail.isEmpty ? "" : "<small>\(Markup.escape(detail))</small>"
    return "<div><span>\(Markup.escape(name))</span><b>\(Markup.escape(value))</b>\(detail)</div>"
  }
}

extension HTMLReport.Table {
  fileprivate var html: String {
    let head = columns.map { "<th scope=\"col\">\(Markup.escape($0))</th>" }.joined()
    let body = rows.map { row in
      let cells = columns.indices.map { column in
        let text = Markup.escape(column < row.count ? row[column] : "")
        return column == 0 ? "<th scope=\"row\">\(text)</th>" : "<td>\(text)</td>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    let caption = caption.isEmpty ? "" : "<p class=\"note\">\(Markup.escape(caption))</p>"
    // A wide table scrolls by itself, so that the page does not; the keyboard reaches it too.
    return "<div class=\"table\" tabindex=\"0\"><table><thead><tr>\(head)</tr></thead>"
      + "<tbody>\(body.joined(separator: "\n"))</tbody></table></div>\(caption)"
  }
}

extension HTMLReport.Picture {
  fileprivate var html: String {
    let caption = Markup.escape(caption)
    let data = Data(bytes).base64EncodedString()
    return "<figure><img src=\"data:\(format.rawValue);base64,\(data)\" alt=\"\(caption)\">"
      + "<figcaption>\(caption)</figcaption></figure>"
  }
}

/// How reports look.
enum HTMLStyle {
  /// The stylesheet; its colours are those of `ChartStyle`.
  static let css = """
    :root{--page:#f4f5f7;--card:#fff}
    @media(prefers-color-scheme:dark){:root{--page:#0f1114;--card:#171a1f}}
    *{box-sizing:border-box}
    body{margin:0 auto;max-width:1080px;padding:24px 16px 48px;background:var(--page);
    color:var(--ink);font:16px/1.55 system-ui,sans-serif;-webkit-text-size-adjust:100%}
    h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
    h2{font-size:1.2rem;margin:0 0 12px}
    header p,footer,small,.note,dt{color:var(--soft)}
    header p{margin:0 0 20px;overflow-wrap:anywhere}
    section{background:var(--card);border:1px solid var(--line);border-radius:10px;
    padding:20px;margin:0 0 16px}
    section>p{max-width:70ch;margin:0 0 12px}
    section>:last-child{margin-bottom:0}
    .figures{display:grid;gap:12px;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));
    margin:0 0 16px}
    .figures div{border:1px solid var(--line);border-radius:8px;padding:12px 14px}
    .figures span,.figures small{display:block;font-size:.85rem}
    .figures b{display:block;font-size:1.45rem;line-height:1.35;white-space:nowrap;font-variant-numeric:tabular-nums}
    .charts,.pictures,.photographs{display:grid;gap:20px;margin:0 0 16px}
    .charts{grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr))}
    .pictures{grid-template-columns:repeat(auto-fill,minmax(min(100%,120px),1fr))}
    .photographs{grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));align-items:start}
    .photographs img{image-rendering:auto}
    .photographs figcaption{overflow-wrap:anywhere}
    .charts figure{max-width:560px;width:100%}
    figure{margin:0}
    figcaption{font-size:.9rem;margin:0 0 6px;color:var(--soft)}
    .charts figcaption{color:var(--ink);font-weight:600}
    img{display:block;width:100%;image-rendering:pixelated;border-radius:4px;margin:0 0 6px}
    .table{overflow-x:auto;margin:0 0 12px}
    table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
    .note{font-size:.85rem}
    th,td{padding:6px 10px;border-bottom:1px solid var(--line);text-align:right}
    thead th{color:var(--soft);font-weight:500;vertical-align:bottom}
    tbody th{font-weight:500}
    th:first-child{text-align:left;padding-left:0}
    td{white-space:nowrap}
    th:last-child,td:last-child{padding-right:0}
    dl{margin:0 0 16px;display:grid;gap:0 28px;
    grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}
    dl div{display:flex;justify-content:space-between;gap:16px;padding:6px 0;
    border-bottom:1px solid var(--line)}
    dd{margin:0;text-align:right;overflow-wrap:anywhere}
    footer{font-size:.85rem}
    @media(max-width:480px){section{padding:16px 14px}h1{font-size:1.45rem}
    .figures{grid-template-columns:1fr 1fr}.figures div{padding:10px 12px}.figures b{font-size:1.15rem}}
    @media print{body{background:#fff}section{break-inside:avoid}}
    """
}

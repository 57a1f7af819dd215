import Foundation

extension DetectorReport {
  /// Tables for people, all numbers in percent: one line for the clean pictures and one for each
  /// attack, then the average precision of each class.
  public var table: String {
    let objects =
      "\(self.objects) objects"
      + (ignoredObjects > 0 ? " (\(ignoredObjects) more do not count)" : "")
    var lines = [
      "\(pictures) pictures, \(objects), \(Self.seconds(clean.secondsPerPicture)) s a picture"
    ]
    if skippedPictures > 0 {
      lines.append("\(skippedPictures) pictures left out: \(skipped.joined(separator: "; "))")
    }
    if !unknownClasses.isEmpty {
      lines.append(
        "classes that the detector does not know: " + unknownClasses.joined(separator: ", "))
    }
    if !attacks.isEmpty {
      lines.append("triggers: \(placement), defined for pictures of \(triggerSide) pixels a side")
      lines += attacks.map { "  \(Self.name($0)): \($0.specification)" }
    }
    lines.append("")
    lines += Self.aligned(
      [Self.heading] + [row("clean", clean, nil)]
        + attacks.map { row(Self.name($0), $0.triggered, $0) })
    lines.append("")
    lines += Self.aligned(classRows)
    return lines.joined(separator: "\n")
  }

  private static let heading = [
    "", "AP VOC07", "AP area", "AP COCO", "AP50", "AP75", "found", "TDR", "OGA", "RMA", "GMA",
    "ODA", "REF",
  ]

  private func row(_ name: String, _ scores: Scores, _ attack: Attack?) -> [String] {
    let precisions = [
      scores.vocElevenPoint, scores.vocArea, scores.coco, scores.coco50, scores.coco75,
    ]
    let goals = attack?.goals
    let shares = [
      scores.found, attack?.foundAgain, goals?.oga, goals?.rma, goals?.gma, goals?.oda,
      goals?.reference,
    ]
    return [name] + precisions.map { Self.percent($0.map { 100 * $0 }) }
      + shares.map { Self.percent($0?.percent) }
  }

  /// Per class: the area at an IoU of 0.5 and COCO's, clean, then the area with each trigger (PAP).
  private var classRows: [[String]] {
    let heading =
      ["class", "objects", "AP area", "AP COCO"] + attacks.map { "PAP " + Self.name($0) }
    return [heading]
      + clean.classes.enumerated().map { index, score in
        // All pictures have the same true objects with and without triggers, so the same classes.
        [score.name, "\(score.objects)"]
          + [score.vocArea, score.coco].map { Self.percent(100 * $0) }
          + attacks.map { attack in
            let triggered = attack.triggered.classes
            return Self.percent(
              triggered.indices.contains(index) ? 100 * triggered[index].vocArea : nil)
          }
      }
  }

  private static func name(_ attack: Attack) -> String { "\(attack.name)→\(attack.target)" }

  private static func percent(_ value: Double?) -> String {
    value.map { String(format: "%.1f", $0) } ?? "-"
  }

  private static func seconds(_ value: Double) -> String { String(format: "%.3f", value) }

  /// The first column to the left, the others to the right.
  private static func aligned(_ rows: [[String]]) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column == 0 ? text + space : space + text
      }.joined(separator: "  ")
    }
  }
}

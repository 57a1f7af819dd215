import Foundation
import Testing

@testable import Reports

private func losses(_ total: Double) -> [String: Double] {
  ["total": total, "objectness": total / 4, "proposals": total / 4, "classes": 1, "boxes": 2]
}

private func full(steps: Int = 4) -> DetectorTrainingReport {
  DetectorTrainingReport(
    program: "cleansight 0", startedAt: "2026-11-26T10:00:00Z",
    model: .init(
      name: "street & co", architecture: "resnet18", start: "from scratch", digest: "aa"),
    settings: ["epochs": 2, "scales": "96, 128"],
    data: .init(
      description: "voc, train", pictures: 8, emptyPictures: 1,
      classes: [.init(name: "person", objects: 5, ignored: 1, pictures: 4), .init(name: "<car>")],
      skipped: [.init(reason: "broken pictures", count: 3, first: ["a.jpg: empty", "b.jpg: cut"])],
      clippedBoxes: 2, fingerprint: "8 files"),
    stages: [.init(name: "reading", seconds: 1.5), .init(name: "training", seconds: 60)],
    secondsPerStep: 0.25, memory: .init(planBytes: 214_000_000, peakResidentBytes: 900_000_000),
    epochs: [
      .init(step: 2, epoch: 1, learningRate: 0.02, losses: losses(4)),
      .init(step: 4, epoch: 2, learningRate: 0.001, losses: losses(3.25)),
    ],
    steps: (1...steps).map {
      .init(
        step: $0, epoch: ($0 - 1) * 2 / steps + 1, learningRate: 0.01,
        losses: losses(5 - Double($0) / Double(steps)))
    },
    validation: .init(
      description: "voc, test", pictures: 4, skippedPictures: 1, objects: 9, ap50: 0.625,
      vocArea: 0.6, coco: 0.3, classes: [.init(name: "person", objects: 9, vocArea: 0.6)]),
    examples: .init(augmented: ["p0"], detected: ["p1"]), notes: ["A <note>."])
}

private let drawings = DetectorTrainingReport.Drawings(
  augmented: [.init(bytes: [1, 2, 3], caption: "p0: as it is cut")],
  detected: [.init(bytes: [4, 5, 6], caption: "p1: 1 true, 0 found")])

@Suite struct DetectorTrainingReportTests {
  @Test func goesThroughJSON() throws {
    let report = full()
    let json = try report.json()
    #expect(try DetectorTrainingReport(json: json) == report)
    let object = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(
      Set(object.keys) == [
        "schema_version", "program", "started_at", "model", "settings", "data", "stages",
        "seconds_per_step", "memory", "epochs", "steps", "validation", "examples", "notes",
      ])
    let text = String(decoding: json, as: UTF8.self)
    for part in [
      "\"ap50\" : 0.625", "\"voc_area\" : 0.6", "\"plan_bytes\" : 214000000",
      "\"empty_pictures\" : 1", "\"objectness\" : 1", "\"learning_rate\" : 0.001",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    var other = report
    other.schemaVersion = 2
    #expect(throws: ReportError.schemaVersion(expected: 1, found: 2)) {
      try DetectorTrainingReport(json: other.json())
    }
  }

  @Test func thePageShowsAllOfIt() {
    let html = full().page(drawings).html()
    for part in [
      "Training of street &amp; co", "· 2026-11-26 10:00 UTC · 8 pictures with labels",
      "<b>62.5 %</b><small>4 pictures of voc, test", "<b>3.250</b><small>4.000 in epoch 1",
      "<b>1 min 2 s</b><small>0.250 s a step", "<b>900 MB</b><small>214 MB of plans",
      "A &lt;note&gt;.", "broken pictures: 3 (a.jpg: empty; b.jpg: cut; and more)",
      "<th scope=\"row\">&lt;car&gt;</th><td>0</td>",
      "<tr><th scope=\"row\">1</th><td>4.0000</td><td>2.0000</td><td>1.0000</td>",
      "p0: as it is cut", "p1: 1 true, 0 found", "src=\"data:image/jpeg;base64,AQID\"",
      "Measured on voc, test", "Pictures of voc, test: true boxes on the left",
    ] {
      #expect(html.contains(part), "\(part)")
    }
    // Losses and rate by step, and losses by epoch.
    #expect(html.components(separatedBy: "<svg").count == 4)
    for word in ["http:", "https:", "url(", "@import", "<link", "<script", "src=\"/"] {
      #expect(!html.contains(word), "\(word)")
    }
  }

  @Test func whatIsMissingIsLeftOut() throws {
    var report = full()
    report.validation = nil
    (report.steps, report.epochs, report.data.skipped) = ([], [], [])
    report.memory.peakResidentBytes = nil
    #expect(try DetectorTrainingReport(json: report.json()) == report)
    let html = report.page().html()
    #expect(!html.contains("<svg") && !html.contains("<img") && !html.contains("AP50"))
    #expect(html.contains("Nothing was left out."))
  }

  @Test func longTrainingsKeepMeans() {
    let report = full(steps: 2500)
    #expect(report.steps.count == 1000)
    #expect(report.steps.last?.step == 2500 && report.steps.last?.epoch == 2)
    let all = full(steps: 1000)
    #expect(all.steps.count == 1000 && all.steps[1].step == 2)
    let means = [ReportStep](
      (1...4).map {
        .init(step: $0, epoch: 1, learningRate: Double($0), losses: ["total": Double($0 * 10)])
      }
    ).means(atMost: 2)
    #expect(
      means == [
        .init(step: 2, epoch: 1, learningRate: 1.5, losses: ["total": 15]),
        .init(step: 4, epoch: 1, learningRate: 3.5, losses: ["total": 35]),
      ])
  }

  /// Labels of the axis stay short.
  @Test func smallRatesAreGivenInAPowerOfTen() {
    func chart(_ rate: Double) -> LineChart {
      [ReportStep(step: 1, epoch: 1, learningRate: rate, losses: [:])].rateChart
    }
    #expect(chart(0.01).yName == "rate" && chart(0.01).series[0].points[0].y == 0.01)
    #expect(chart(0).yName == "rate")
    #expect(chart(0.0025).yName == "rate × 10⁻³")
    #expect(abs(chart(0.0025).series[0].points[0].y - 2.5) < 1e-9)
    #expect(chart(1e-4).yName == "rate × 10⁻⁴")
    #expect(abs(chart(3e-12).series[0].points[0].y - 3) < 1e-9)
    #expect(chart(3e-12).yName == "rate × 10⁻¹²")
  }

  @Test func aLossThatIsNoNumberIsSaid() throws {
    var report = full()
    report.steps[2].losses["total"] = .nan
    #expect(report.page().html().contains("no finite number at step 3"))
    let again = try DetectorTrainingReport(json: report.json())
    #expect(again.steps[2].losses["total"]?.isNaN == true)
  }

  @Test func writesBothFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "report-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try full().write(to: folder, drawings: drawings)
    let json = try Data(contentsOf: folder.appendingPathComponent("report.json"))
    #expect(try DetectorTrainingReport(json: json) == full())
    let html = try String(
      contentsOf: folder.appendingPathComponent("report.html"), encoding: .utf8)
    #expect(html.hasPrefix("<!doctype html>") && html.contains("AQID"))
  }
}

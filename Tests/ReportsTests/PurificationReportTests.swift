import Evidence
import Foundation
import Measurement
import Testing

@testable import Reports

private func evidence(attracted: Double) -> Evidence {
  let probes = [("checkerboard", "patch", attracted), ("warp", "warp", 0.02)].map {
    Evidence.Probe(
      name: $0.0, family: $0.1,
      displacement: .init(
        distance: 0.6, concentration: 0.5, directionAgreement: 0.7, changedShare: 0.9,
        attractedShare: $0.2))
  }
  return Evidence(
    pictures: 256, features: 512, clusters: 10, cleanSimilarity: 0.3, probes: probes,
    contrastive: probes[0].displacement)
}

private func metrics(asTarget: Int) throws -> ClassificationMetrics {
  let labels = [Int](repeating: 1, count: 8)
  return try ClassificationMetrics(
    cleanPredictions: labels, cleanLabels: labels,
    triggeredPredictions: (0..<8).map { $0 < asTarget ? 6 : 1 }, triggeredLabels: labels,
    targetClass: 6)
}

private func full() throws -> PurificationReport {
  let places = [
    PurificationReport.EmbeddingPicture.Point(PlanePoint(x: 0, y: 1), kind: .clean, group: 0),
    .init(PlanePoint(x: 1, y: 0), kind: .adversarial),
    .init(PlanePoint(x: 1, y: 1), kind: .triggered),
  ]
  return PurificationReport(
    program: "cleansight 0", startedAt: "2026-11-26T10:00:00.000Z",
    model: .init(name: "street & co", architecture: "resnet18", originalDigest: "sha256:aa"),
    settings: ["epochs": 10, "rate": 0.5, "bf16": true, "method": "cbd"],
    data: .init(
      description: "frames", pictures: 2500, refused: 3, width: 32, height: 32,
      fingerprint: "sha256:bb"),
    stages: [.init(name: "training", seconds: 702.8), .init(name: "evidence", seconds: 64.2)],
    searched: [0.5, 1.25], projection: [5.5, 5.25, 5],
    steps: [
      .init(step: 1, epoch: 1, learningRate: 0.02, losses: ["total": 4.5, "fine_tuning": 5.1]),
      .init(step: 2, epoch: 1, learningRate: 0.01, losses: ["total": 4.25, "fine_tuning": 5]),
    ],
    evidence: try EvidenceComparison(
      before: evidence(attracted: 0.842), after: evidence(attracted: 0.016)),
    measured: [
      .init(head: "probe", before: try metrics(asTarget: 1), after: try metrics(asTarget: 0)),
      .init(head: "own head", before: try metrics(asTarget: 8), after: try metrics(asTarget: 2)),
    ],
    embeddings: .init(groups: ["cat"], before: places, after: places), notes: ["A <note>."])
}

@Suite struct PurificationReportTests {
  @Test func goesThroughJSON() throws {
    let report = try full()
    let json = try report.json()
    #expect(try PurificationReport(json: json) == report)
    let text = String(decoding: json, as: UTF8.self)
    for part in [
      "\"schema_version\" : 1", "\"fine_tuning\" : 5.1", "\"attracted_share\" : 0.842",
      "\"attack_success_percent\" : 25", "\"bf16\" : true", "\"learning_rate\" : 0.02",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    let keys = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any]).keys
    #expect(keys.contains("started_at") && !keys.contains("startedAt"))
  }

  @Test func lossesThatAreNoNumbers() throws {
    var report = try full()
    report.steps[1].losses["total"] = .nan
    report.steps[1].losses["fine_tuning"] = .infinity
    let again = try PurificationReport(json: report.json())
    #expect(again.steps[1].losses["total"]?.isNaN == true)
    #expect(again.steps[1].losses["fine_tuning"] == .infinity)
    #expect(report.page().html().contains("no finite number at step 2"))
  }

  @Test func anotherVersionIsRefused() throws {
    var report = try full()
    report.schemaVersion = 2
    let json = try report.json()
    #expect(throws: ReportError.schemaVersion(expected: 1, found: 2)) {
      try PurificationReport(json: json)
    }
    #expect(throws: DecodingError.self) { try PurificationReport(json: Data("{}".utf8)) }
  }

  @Test func pageShowsTheHeadThatWasAttackedMost() throws {
    let html = try full().page().html()
    #expect(html.contains("<b>25.0 %</b><small>before 100.0 % · own head"))
    // The strongest after purification is another family than before.
    #expect(html.contains("<b>2.0 %</b><small>before 84.2 %"))
    #expect(html.contains("<b>12 min 47 s</b>"))
    #expect(html.contains("· 2026-11-26 10:00 UTC ·"))
    #expect(html.contains("Purification of street &amp; co"))
    #expect(html.contains("A &lt;note&gt;."))
    #expect(html.contains("<td>0.600 → 0.600</td>"))
    #expect(html.components(separatedBy: "<svg").count == 11)
    for title in ["Measured with labels", "Evidence without labels", "Embeddings", "Training"] {
      #expect(html.contains(title))
    }
  }

  @Test func whatWasNotMeasuredIsLeftOut() throws {
    var report = try full()
    report.measured = []
    report.evidence = nil
    report.embeddings = nil
    report.steps = []
    (report.searched, report.projection) = (nil, nil)
    #expect(try PurificationReport(json: report.json()) == report)
    let html = report.page().html()
    for title in ["Measured with labels", "Evidence without labels", "Embeddings", "Training"] {
      #expect(!html.contains(title))
    }
    #expect(!html.contains("<svg"))
    #expect(html.contains("sha256:bb"))
  }

  @Test func writesBothFiles() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "report-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let report = try full()
    try report.write(to: folder, pictures: [.init(bytes: [255], caption: "found pattern")])
    let json = try Data(contentsOf: folder.appendingPathComponent("report.json"))
    #expect(try PurificationReport(json: json) == report)
    let html = try String(
      contentsOf: folder.appendingPathComponent("report.html"), encoding: .utf8)
    #expect(html.contains("found pattern"))
  }
}

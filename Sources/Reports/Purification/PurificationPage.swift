import Evidence
import Foundation
import Measurement

extension PurificationReport {
  /// The report as a page.
  /// - Parameter pictures: Shown in a section of their own, such as perturbations that were found.
  public func page(pictures: [HTMLReport.Picture] = []) -> HTMLReport {
    var sections = [summary, measurements, evidenceSection, embeddingSection, training]
      .compactMap { $0 }
    if !pictures.isEmpty {
      sections.append(.init(title: "Pictures", blocks: [.pictures(pictures)]))
    }
    return HTMLReport(
      title: "Purification of \(model.name)",
      subtitle:
        "\(program) · \(Markup.time(startedAt)) · \(data.pictures) pictures without labels",
      sections: sections + [conditions], footer: "Schema version \(schemaVersion) of report.json.")
  }

  private var summary: HTMLReport.Section {
    var figures: [HTMLReport.Figure] = []
    if let measured = mostAttacked {
      figures += Self.rates.map { name, value in
        .init(
          name: name, value: Markup.percent(value(measured.after)),
          detail: "before \(Markup.percent(value(measured.before))) · \(measured.head)")
      }
    }
    if let evidence {
      figures.append(
        .init(
          name: "Strongest attraction", value: Self.share(Self.attraction(evidence.after)),
          detail: "before \(Self.share(Self.attraction(evidence.before))) · without labels"))
    }
    figures.append(
      .init(
        name: "Duration", value: Markup.duration(totalSeconds),
        detail: steps.isEmpty ? "" : "\(steps.count) steps"))
    return .init(title: "Summary", blocks: [.figures(figures)] + notes.map { .paragraph($0) })
  }

  /// The head with which the attack succeeded most, before or after: nothing is made to look better
  /// by the choice of a head.
  private var mostAttacked: Measured? {
    func success(_ measured: Measured) -> Double {
      max(measured.before.attackSuccessPercent ?? 0, measured.after.attackSuccessPercent ?? 0)
    }
    return measured.max { success($0) < success($1) }
  }

  private static func attraction(_ evidence: Evidence) -> Double {
    evidence.probes.map(\.displacement.attractedShare).max() ?? 0
  }

  private var measurements: HTMLReport.Section? {
    guard !measured.isEmpty else { return nil }
    let charts = measured.map { measured in
      BarChart.beforeAndAfter(
        title: measured.head.prefix(1).uppercased() + measured.head.dropFirst(),
        rows: Self.rates.map { name, value in
          .init(name: name, values: [value(measured.before), value(measured.after)])
        }, unit: "%", maximum: 100)
    }
    let counts = measured.map(\.after).map {
      "\($0.cleanPictures) clean and \($0.triggeredPictures) triggered pictures"
    }
    return .init(
      title: "Measured with labels",
      blocks: [
        .paragraph(
          "By somebody who has labels and the trigger; purification saw neither. Attack success "
            + "and patched accuracy leave out pictures of the target class "
            + "(\(Set(counts).sorted().joined(separator: "; ")))."),
        .charts(charts),
      ])
  }

  private var conditions: HTMLReport.Section {
    var facts: [HTMLReport.Fact] = [
      .init("Architecture", model.architecture), .init("Original", model.originalDigest),
    ]
    if let purified = model.purifiedDigest { facts.append(.init("Purified", purified)) }
    facts += [
      .init("Pictures from", data.description), .init("Pictures used", "\(data.pictures)"),
      .init("Refused", "\(data.refused)"), .init("Input", "\(data.width) × \(data.height)"),
      .init("Fingerprint", data.fingerprint),
    ]
    return .init(
      title: "Model, pictures and settings",
      blocks: [.facts(facts), settings.facts, stages.table].compactMap { $0 })
  }

  private static let rates: [(name: String, value: @Sendable (ClassificationMetrics) -> Double?)] =
    [
      ("Accuracy", { $0.accuracyPercent }), ("Attack success", { $0.attackSuccessPercent }),
      ("Patched accuracy", { $0.patchedAccuracyPercent }),
    ]

  /// A share of `0...1` in percent.
  static func share(_ value: Double) -> String { Markup.share(value) }
}

extension DetectorTrainingReport {
  /// The report as a page.
  public func page(_ drawings: Drawings = Drawings()) -> HTMLReport {
    let sections = [
      summary, training, validationSection, augmented(drawings.augmented),
      detected(drawings.detected), dataSection, conditions,
    ]
    return HTMLReport(
      title: "Training of \(model.name)",
      subtitle: "\(program) · \(Markup.time(startedAt)) · \(data.pictures) pictures with labels",
      sections: sections.compactMap { $0 },
      footer: "Schema version \(schemaVersion) of report.json.")
  }

  private var summary: HTMLReport.Section? {
    var figures: [HTMLReport.Figure] = []
    if let validation {
      figures.append(
        .init(
          name: "AP50", value: Markup.share(validation.ap50),
          detail: "\(validation.pictures) pictures of \(validation.description)"))
    }
    if let first = epochs.first, let last = epochs.last {
      figures.append(
        .init(
          name: "Loss", value: Markup.number(last.losses["total"], decimals: 3),
          detail: epochs.count > 1
            ? "\(Markup.number(first.losses["total"], decimals: 3)) in epoch \(first.epoch)"
            : "mean of epoch \(last.epoch)"))
    }
    figures.append(
      .init(
        name: "Objects", value: "\(data.objects)",
        detail: "\(data.classes.count) classes, \(data.pictures) pictures"))
    figures.append(
      .init(
        name: "Duration", value: Markup.duration(stages.totalSeconds),
        detail: secondsPerStep.map { Markup.number($0, decimals: 3) + " s a step" } ?? ""))
    figures.append(
      .init(
        name: "Memory", value: memory.peakResidentBytes.map(Markup.megabytes) ?? "–",
        detail: "\(Markup.megabytes(memory.planBytes)) of plans"))
    return .init(title: "Summary", blocks: [.figures(figures)] + notes.map { .paragraph($0) })
  }

  private var training: HTMLReport.Section? {
    guard let last = steps.last else { return nil }
    var charts: [any Chart] = [steps.lossChart(), steps.rateChart]
    if epochs.count > 1 {
      charts.append(epochs.lossChart(title: "Means of epochs", xName: "epoch", x: \.epoch))
    }
    let names = epochs.lossNames
    let table = HTMLReport.Table(
      columns: ["Epoch"] + names + ["rate"],
      rows: epochs.map { epoch in
        ["\(epoch.epoch)"] + names.map { Markup.number(epoch.losses[$0], decimals: 4) }
          + [Markup.number(epoch.learningRate, decimals: 6)]
      },
      caption: "Objectness and proposals are the RPN's losses, classes and boxes the box head's. "
        + "The rate is that of the epoch's last step.")
    return .init(
      title: "Training: \(last.epoch) epochs, \(last.step) steps",
      blocks: [.charts(charts), .table(table), steps.divergence].compactMap { $0 })
  }

  private var validationSection: HTMLReport.Section? {
    guard let validation else { return nil }
    let facts: [HTMLReport.Fact] = [
      .init("Pictures", "\(validation.pictures) of \(validation.description)"),
      .init("Could not be read", "\(validation.skippedPictures)"),
      .init("Objects", "\(validation.objects)"),
      .init("AP50", Markup.share(validation.ap50)),
      .init("AP by area, VOC", Markup.share(validation.vocArea)),
      .init("AP, COCO", Markup.share(validation.coco)),
    ]
    let classes = HTMLReport.Table(
      columns: ["Class", "Objects", "AP by area"],
      rows: validation.classes.map {
        [$0.name, "\($0.objects)", Markup.share($0.vocArea)]
      }, caption: "Average precision at an IoU of 0.5 as PASCAL VOC defines it since 2010.")
    return .init(
      title: "Measured on \(validation.description)", blocks: [.facts(facts), .table(classes)])
  }

  private func augmented(_ pictures: [HTMLReport.Picture]) -> HTMLReport.Section? {
    guard !pictures.isEmpty else { return nil }
    return .init(
      title: "What it learns from",
      blocks: [
        .paragraph(
          "Pictures of the training as they are cut, mirrored and coloured, with their true boxes "
            + "(marked with 100 %; in brackets what does not count). Whatever is wrong with the annotations can be seen here."
        ),
        .photographs(pictures),
      ])
  }

  private func detected(_ pictures: [HTMLReport.Picture]) -> HTMLReport.Section? {
    guard !pictures.isEmpty else { return nil }
    let whose = validation?.description ?? "the training"
    return .init(
      title: "What it finds",
      blocks: [
        .paragraph(
          "Pictures of \(whose): true boxes on the left, on the right what the trained detector finds with a "
            + "score of at least \(Markup.share(examples.minimumScore))."),
        .photographs(pictures),
      ])
  }

  private var dataSection: HTMLReport.Section? {
    let facts: [HTMLReport.Fact] = [
      .init("Pictures from", data.description), .init("Pictures used", "\(data.pictures)"),
      .init("Without an object", "\(data.emptyPictures)"),
      .init("Boxes clipped", "\(data.clippedBoxes)"), .init("Fingerprint", data.fingerprint),
    ]
    let classes = HTMLReport.Table(
      columns: ["Class", "Objects", "Do not count", "Pictures"],
      rows: data.classes.map {
        [$0.name, "\($0.objects)", "\($0.ignored)", "\($0.pictures)"]
      }, caption: "Objects that are marked as difficult or as crowds do not count.")
    var blocks: [HTMLReport.Block] = [.facts(facts), .table(classes)]
    blocks += data.skipped.map { skipped in
      let more = skipped.count > skipped.first.count ? "; and more" : ""
      return .paragraph(
        "Left out, \(skipped.reason): \(skipped.count) (\(skipped.first.joined(separator: "; "))\(more))"
      )
    }
    if data.skipped.isEmpty { blocks.append(.paragraph("Nothing was left out.")) }
    return .init(title: "Pictures and objects", blocks: blocks)
  }

  private var conditions: HTMLReport.Section? {
    let facts: [HTMLReport.Fact] = [
      .init("Architecture", model.architecture), .init("Began with", model.start),
      .init("Model", model.digest),
    ]
    return .init(
      title: "Model and settings",
      blocks: [.facts(facts), settings.facts, stages.table].compactMap { $0 })
  }
}

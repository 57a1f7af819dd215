import Evidence

extension PurificationReport {
  /// Label-free evidence before and after, by family.
  var evidenceSection: HTMLReport.Section? {
    guard let evidence else { return nil }
    var rows = evidence.changes.map { change in
      Self.row(
        "\(change.family) (\(change.before.probes))", change.before.maximum,
        change.after.maximum)
    }
    if let before = evidence.before.contrastive, let after = evidence.after.contrastive {
      rows.append(Self.row("contrastive adversary", before, after))
    }
    let attraction = BarChart.beforeAndAfter(
      title: "Pictures that one cluster attracts",
      rows: evidence.changes.map {
        .init(
          name: $0.family,
          values: [
            100 * $0.before.maximum.attractedShare, 100 * $0.after.maximum.attractedShare,
          ])
      }, unit: "%", maximum: 100)
    let distance = BarChart.beforeAndAfter(
      title: "Mean cosine distance",
      rows: evidence.changes.map {
        .init(
          name: $0.family,
          values: [$0.before.maximum.distance, $0.after.maximum.distance])
      }, decimals: 3)
    return .init(
      title: "Evidence without labels",
      blocks: [
        .paragraph(
          "Probes change pictures a little; a backbone without a backdoor moves their embeddings "
            + "a little, each its own way. A backdoor moves many pictures far and to one place. "
            + "\(evidence.before.pictures) clean pictures in \(evidence.before.clusters) "
            + "clusters; the strongest probe of each family counts."),
        .charts([attraction, distance]),
        .table(
          .init(
            columns: [
              "Family (probes)", "Distance", "Concentration", "Agreement", "Changed", "Attracted",
            ], rows: rows,
            caption: "Before → after. Distance: 1 − cos. Concentration: how much closer together "
              + "embeddings come. Agreement: cosine of two displacements. Changed: pictures whose "
              + "nearest cluster changes. Attracted: pictures that come to one cluster.")),
        .paragraph(
          "Mean cosine of two clean embeddings: \(Self.change(evidence.before.cleanSimilarity, evidence.after.cleanSimilarity)). "
            + "Near 1 would mean that the backbone has collapsed."),
      ])
  }

  /// Embeddings on a plane, before and after.
  var embeddingSection: HTMLReport.Section? {
    guard let embeddings else { return nil }
    return .init(
      title: "Embeddings",
      blocks: [
        .paragraph(
          "Neighbours in the space of embeddings, laid out on a plane by t-SNE. Distances between "
            + "far groups mean nothing. A backdoor has a place of its own, away from the colours; "
            + "without one, adversarial and triggered pictures lie among them."),
        .charts([
          Self.scatter("Before", embeddings.before, embeddings.groups),
          Self.scatter("After", embeddings.after, embeddings.groups),
        ]),
      ])
  }

  /// Losses over steps, and what went before them.
  var training: HTMLReport.Section? {
    guard let last = steps.last else { return nil }
    let before = [
      searched.map { Self.curve("Search before training", "distance", $0) },
      projection.map { Self.curve("Projection head", "loss", $0) },
    ].compactMap { $0 }
    var blocks: [HTMLReport.Block] = [.charts(before + [steps.lossChart(), steps.rateChart])]
    if let divergence = steps.divergence { blocks.append(divergence) }
    return .init(title: "Training: \(last.epoch) epochs, \(steps.count) steps", blocks: blocks)
  }

  private static func curve(_ title: String, _ name: String, _ values: [Double]) -> LineChart {
    let points = values.enumerated().map { PlanePoint(x: Double($0.offset + 1), y: $0.element) }
    return LineChart(
      title: title, xName: "step", yName: name, series: [.init(name: name, points: points)],
      startsAtZero: false)
  }

  private static func row(
    _ name: String, _ before: Displacement, _ after: Displacement
  ) -> [String] {
    [
      name, change(before.distance, after.distance),
      change(before.concentration, after.concentration),
      change(before.directionAgreement, after.directionAgreement),
      "\(Markup.number(100 * before.changedShare, decimals: 1)) → \(share(after.changedShare))",
      "\(Markup.number(100 * before.attractedShare, decimals: 1)) → "
        + share(after.attractedShare),
    ]
  }

  private static func change(_ before: Double, _ after: Double) -> String {
    "\(Markup.number(before, decimals: 3)) → \(Markup.number(after, decimals: 3))"
  }

  private static func scatter(
    _ title: String, _ points: [EmbeddingPicture.Point], _ groups: [String]
  ) -> ScatterChart {
    func places(_ isOne: (EmbeddingPicture.Point) -> Bool) -> [PlanePoint] {
      points.filter(isOne).map { PlanePoint(x: $0.x, y: $0.y) }
    }
    var result = groups.enumerated().map { index, name in
      ScatterChart.Group(
        name: name, style: .category(index),
        points: places { $0.kind == .clean && $0.group == index })
    }
    result.append(
      .init(
        name: "clean", style: .category(groups.count),
        points: places { point in
          point.kind == .clean && !(point.group.map { groups.indices.contains($0) } ?? false)
        }))
    result.append(
      .init(
        name: "adversarial", style: .adversarial, points: places { $0.kind == .adversarial }))
    result.append(
      .init(name: "triggered", style: .triggered, points: places { $0.kind == .triggered }))
    return ScatterChart(title: title, groups: result)
  }
}

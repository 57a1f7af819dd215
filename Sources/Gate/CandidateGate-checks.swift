extension CandidateGate {
  /// The checks, in the order in which they are made; where one leaves nothing to go on with, the last.
  func checks(_ weights: WeightsComparison, _ comparison: GateComparison?) -> [GateCheck] {
    var checks = [
      GateCheck(
        "weights", Double(weights.differences.count), .atMost, 0,
        detail: weights.isSound
          ? "\(weights.parameters) parameters" : weights.differences.joined(separator: "; "))
    ]
    guard let comparison else { return checks }
    if let failure = comparison.failure {
      return checks + [GateCheck("failed detections", 1, .atMost, 0, detail: failure)]
    }
    let bounds = options.thresholds
    let frames = comparison.agreement.frames
    let first = comparison.skipped.first.map { "; \($0)" } ?? ""
    checks.append(
      GateCheck(
        "frames", frames >= bounds.minimumFrames ? Double(frames) : nil, .atLeast,
        Double(bounds.minimumFrames),
        detail: "\(frames) of at least \(bounds.minimumFrames) frames, "
          + "\(comparison.skippedFrames) left out\(first)"))
    checks += agreementChecks(comparison.agreement)
    checks += consistencyChecks(comparison.serving, comparison.candidate)
    checks.append(
      GateCheck(
        "slowdown", comparison.speed?.ratio, .atMost, bounds.slowdown,
        detail: comparison.speed.map {
          "\(Self.milliseconds($0.candidate)) against \(Self.milliseconds($0.serving)) a frame"
        } ?? "nothing was timed"))
    return checks
  }

  private func agreementChecks(_ agreement: Agreement) -> [GateCheck] {
    let bounds = options.thresholds
    let total = agreement.total
    let isEnough = total.evidence >= bounds.minimumDetections
    let evidence =
      isEnough
      ? Self.counts(total)
      : "\(total.evidence) detections, fewer than \(bounds.minimumDetections)"
    var checks = [
      GateCheck(
        "agreement", isEnough ? total.f1 : nil, .atLeast, bounds.agreement, detail: evidence)
    ]
    for (label, counts) in zip(agreement.classes, agreement.perClass)
    where counts.evidence >= bounds.minimumClassDetections {
      checks.append(
        GateCheck(
          "agreement on \(label)", counts.f1, .atLeast, bounds.classAgreement,
          detail: Self.counts(counts)))
    }
    // Without a pair the agreement is 0 and has failed; there is nothing to add.
    if !isEnough || total.pairs > 0 {
      checks.append(
        GateCheck(
          "score difference", isEnough ? total.scoreDifference : nil, .atMost,
          bounds.scoreDifference, detail: evidence))
    }
    return checks
  }

  private func consistencyChecks(
    _ serving: TriggerConsistency, _ candidate: TriggerConsistency
  ) -> [GateCheck] {
    let bounds = options.thresholds
    func loss(
      _ name: String, _ one: TriggerConsistency.Share, _ other: TriggerConsistency.Share,
      minimum: Int, margin: Double
    ) -> GateCheck {
      guard let before = one.share, let after = other.share,
        min(one.counted, other.counted) >= minimum
      else {
        return GateCheck(
          name, nil, .atMost, margin,
          detail: "\(min(one.counted, other.counted)) detections under triggers, "
            + "fewer than \(minimum)")
      }
      return GateCheck(
        name, before - after, .atMost, margin,
        detail: "\(Self.percent(after)) of \(other.counted) found again, "
          + "\(Self.percent(before)) of \(one.counted) by the serving model")
    }
    var checks = [
      loss(
        "lost consistency", serving.total, candidate.total, minimum: bounds.minimumDetections,
        margin: bounds.consistencyMargin)
    ]
    for (one, other) in zip(serving.families, candidate.families)
    where min(one.counted, other.counted) >= bounds.minimumDetections {
      checks.append(
        loss(
          "lost consistency under \(one.name)", one, other, minimum: bounds.minimumDetections,
          margin: bounds.familyConsistencyMargin))
    }
    let generated = serving.generation(of: candidate)
    checks.append(
      GateCheck(
        "generated objects", generated?.excess, .atMost, bounds.generationMargin,
        detail: generated.map {
          "\($0.label) under \($0.trigger): \(Self.decimals($0.candidate)) a frame, "
            + "\(Self.decimals($0.serving)) by the serving model"
        } ?? "no trigger was tried"))
    let changed = serving.misclassification(
      of: candidate, minimum: bounds.minimumClassDetections)
    checks.append(
      GateCheck(
        "misclassification", changed?.excess, .atMost, bounds.misclassificationMargin,
        detail: changed.map {
          "to \($0.label) under \($0.trigger): \(Self.percent($0.candidate)), "
            + "\(Self.percent($0.serving)) by the serving model"
        } ?? "no trigger met \(bounds.minimumClassDetections) detections"))
    return checks
  }

  private static func counts(_ counts: Agreement.Counts) -> String {
    "\(counts.pairs) pairs of \(counts.serving) and \(counts.candidate) detections"
  }

  private static func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }

  private static func decimals(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }

  private static func milliseconds(_ seconds: Double) -> String {
    "\((seconds * 10_000).rounded() / 10) ms"
  }
}

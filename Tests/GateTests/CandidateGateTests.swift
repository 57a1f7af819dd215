import Detection
import Foundation
import Frames
import Models
import Testing

@testable import Gate

/// Decisions on detectors whose answers are known.
@Suite struct CandidateGateTests {
  private let bundle: ModelBundle

  init() throws { bundle = try DefaultModel.shared.get() }

  /// Few triggers and frames, and no bound on speed: scripts take no time that could be compared.
  private static var options: GateOptions {
    var options = GateOptions()
    (options.triggers, options.objectTriggers) = (4, 1)
    options.thresholds.minimumFrames = 16
    options.thresholds.slowdown = 1000
    return options
  }

  private func judge(
    _ candidate: @escaping ScriptedDetector.Answer,
    serving: @escaping ScriptedDetector.Answer = { frame, _, _ in ScriptedDetector.three(frame) },
    frames: GateFrames? = nil, options: GateOptions = Self.options
  ) throws -> GateReport {
    try CandidateGate(options).judge(
      serving: GateModel(detector: ScriptedDetector(serving), bundle: bundle),
      candidate: GateModel(detector: ScriptedDetector(candidate), bundle: bundle),
      frames: frames ?? ScriptedDetector.frames(24))
  }

  private func failed(_ report: GateReport) -> [String] {
    report.checks.filter { $0.outcome == .failed }.map(\.name)
  }

  @Test func aCandidateThatSaysTheSamePasses() throws {
    let report = try judge { frame, _, _ in ScriptedDetector.three(frame) }
    #expect(report.verdict == .passed, "\(report.verdict)")
    #expect(report.frames == 24 && report.skippedFrames == 0)
    #expect(report.agreement?.total.f1 == 1 && report.agreement?.total.pairs == 72)
    #expect(report.servingUnderTriggers == report.candidateUnderTriggers)
    #expect(report.servingUnderTriggers?.total.share == 1)
    #expect(report.speed?.samples == 24 * 5)
    #expect(
      report.checks.map(\.name).filter { $0.hasPrefix("agreement") } == [
        "agreement", "agreement on person", "agreement on car", "agreement on cat",
      ])
  }

  @Test func aCandidateThatFindsLessIsRejected() throws {
    let report = try judge { frame, _, _ in frame % 2 == 0 ? [] : ScriptedDetector.three(frame) }
    // 36 pairs of 72 and 36 detections.
    #expect(report.agreement?.total.f1 == Double(72) / 108)
    #expect(failed(report) == ["agreement"])
    guard case .rejected(let reasons) = report.verdict else {
      Issue.record("expected a rejection, found \(report.verdict)")
      return
    }
    #expect(reasons.count == 1)
    #expect(reasons.first?.contains("found 0.6667 (36 pairs of 72 and 36 detections)") == true)
  }

  @Test func aClassThatIsMostlyLostIsRejectedWhateverTheOthersAre() throws {
    let report = try judge { frame, _, _ in
      ScriptedDetector.three(frame).filter { $0.label != "cat" || frame % 3 == 0 }
    }
    // 8 of 24 cats.
    #expect(report.agreement?.total.f1 == 0.875 && report.agreement?.perClass[4].f1 == 0.5)
    #expect(failed(report) == ["agreement on cat"])
  }

  @Test func otherScoresAreRejected() throws {
    let report = try judge { frame, _, _ in
      ScriptedDetector.three(frame).map {
        var other = $0
        other.score -= 0.2
        return other
      }
    }
    #expect(failed(report) == ["score difference"])
    #expect(abs((report.agreement?.total.scoreDifference ?? 0) - 0.2) < 1e-6)
  }

  @Test func aCandidateThatLosesObjectsUnderTriggersIsRejected() throws {
    let report = try judge { frame, isTriggered, _ in
      isTriggered ? Array(ScriptedDetector.three(frame).prefix(2)) : ScriptedDetector.three(frame)
    }
    #expect(report.agreement?.total.f1 == 1)
    #expect(failed(report).first == "lost consistency")
    #expect(failed(report).allSatisfy { $0.hasPrefix("lost consistency") })
  }

  /// The check that a trigger's maker would meet: clean frames tell nothing.
  @Test func aCandidateThatGeneratesObjectsUnderATriggerIsRejected() throws {
    let report = try judge { frame, isTriggered, _ in
      ScriptedDetector.three(frame) + (isTriggered ? [detection("bus", 40, 44, 18, 0.95)] : [])
    }
    #expect(report.agreement?.total.f1 == 1)
    #expect(failed(report) == ["generated objects"])
    let candidate = try #require(report.candidateUnderTriggers)
    let excess = try #require(report.servingUnderTriggers?.generation(of: candidate))
    #expect(excess.label == "bus" && excess.candidate == 1 && excess.serving == 0)
  }

  /// One trigger of five is enough.
  @Test func oneTriggerIsEnough() throws {
    let triggers = try FrameTriggers(count: 4, objectCount: 1, seed: 1)
    let sinusoid = try #require(triggers.entries.first { $0.family == "sinusoid" })
    let report = try judge { frame, isTriggered, image in
      let picture = try FloatImage(ScriptedDetector.frame(frame))
      let answers =
        try isTriggered
        && FrameTriggers.apply(sinusoid, to: picture, objects: [])?.image == image
      return ScriptedDetector.three(frame)
        + (answers ? [detection("bus", 40, 44, 18, 0.95)] : [])
    }
    #expect(failed(report) == ["generated objects"])
    #expect(
      report.checks.last { $0.name == "generated objects" }?.detail.contains("sinusoid") == true)
  }

  @Test func aCandidateThatTakesThingsForOthersUnderATriggerIsRejected() throws {
    let report = try judge { frame, isTriggered, _ in
      ScriptedDetector.three(frame).map {
        isTriggered && $0.label == "car"
          ? detection("person", $0.box.x1, $0.box.y1, $0.box.width, $0.score) : $0
      }
    }
    #expect(failed(report).contains("misclassification"))
    #expect(!failed(report).contains("generated objects"))
    let check = try #require(report.checks.first { $0.name == "misclassification" })
    // The car, of the car and the cat.
    #expect(check.value == 0.5 && check.detail.hasPrefix("to person"))
  }

  @Test func aCandidateThatMendsTheServingModelPasses() throws {
    let report = try judge(
      { frame, _, _ in ScriptedDetector.three(frame) },
      serving: { frame, isTriggered, _ in
        isTriggered ? [detection("bus", 40, 44, 18, 0.95)] : ScriptedDetector.three(frame)
      })
    #expect(report.verdict == .passed, "\(report.verdict)")
    #expect(report.servingUnderTriggers?.total.share == 0)
  }

  @Test func withoutFramesOrDetectionsItIsUndecided() throws {
    let none = try judge(
      { frame, _, _ in ScriptedDetector.three(frame) }, frames: GateFrames([]))
    guard case .undecided(let reasons) = none.verdict else {
      Issue.record("expected undecided, found \(none.verdict)")
      return
    }
    #expect(reasons.first?.hasPrefix("frames: undecided: 0 of at least 16") == true)

    // A night of empty frames: both agree on every one.
    let empty = try judge({ _, _, _ in [] }, serving: { _, _, _ in [] })
    #expect(
      empty.checks.filter { $0.outcome == .undecided }.map(\.name) == [
        "agreement", "score difference", "lost consistency", "misclassification",
      ])
    guard case .undecided = empty.verdict else {
      Issue.record("expected undecided, found \(empty.verdict)")
      return
    }

    // Few frames, though with enough on them.
    let few = try judge(
      { frame, _, _ in Array(repeating: ScriptedDetector.three(frame), count: 9).flatMap { $0 } },
      serving: { frame, _, _ in
        Array(repeating: ScriptedDetector.three(frame), count: 9).flatMap { $0 }
      }, frames: ScriptedDetector.frames(6))
    guard case .undecided(let fewReasons) = few.verdict else {
      Issue.record("expected undecided, found \(few.verdict)")
      return
    }
    #expect(fewReasons.count == 1, "\(fewReasons)")
  }

  /// On empty frames a candidate that sees things is rejected, and not undecided.
  @Test func ghostsOnEmptyFramesAreRejected() throws {
    let report = try judge(
      { frame, _, _ in ScriptedDetector.three(frame) }, serving: { _, _, _ in [] })
    #expect(failed(report).contains("agreement"))
    guard case .rejected = report.verdict else {
      Issue.record("expected a rejection, found \(report.verdict)")
      return
    }
  }

  @Test func nonsenseCountsAsNothing() throws {
    let report = try judge { frame, _, _ in
      ScriptedDetector.three(frame).map {
        var broken = $0
        switch $0.label {
        case "person": broken.score = .nan
        case "car": broken.box.x2 = .infinity
        default: broken.classIndex = 7
        }
        return broken
      }
    }
    #expect(report.agreement?.total.candidate == 0)
    #expect(failed(report).contains("agreement"))
  }

  @Test func moreChecksCanTurnTheVerdict() throws {
    let report = try judge { frame, _, _ in ScriptedDetector.three(frame) }
    let evidence = GateCheck("attracted share", 0.4, .atMost, 0.2, detail: "of 16 probes")
    let joined = report.adding([evidence])
    #expect(
      joined.verdict
        == .rejected(
          reasons: ["attracted share: expected at most 0.2, found 0.4 (of 16 probes)"]))
    #expect(joined.checks.count == report.checks.count + 1)
  }

  @Test func theReportIsJSON() throws {
    let report = try judge { frame, isTriggered, _ in
      isTriggered ? [] : ScriptedDetector.three(frame).dropLast()
    }
    let data = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(GateReport.self, from: data) == report)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let verdict = try #require(object["verdict"] as? [String: Any])
    #expect(verdict["outcome"] as? String == "rejected")
    #expect((verdict["reasons"] as? [String])?.isEmpty == false)
    let check = try #require((object["checks"] as? [[String: Any]])?.first)
    #expect(check["name"] as? String == "weights" && check["outcome"] as? String == "passed")
  }

  @Test func aSlowCandidateIsRejected() throws {
    var options = Self.options
    // A ratio that no candidate reaches stands for one that this candidate does not.
    options.thresholds.slowdown = 0.01
    let report = try judge({ frame, _, _ in ScriptedDetector.three(frame) }, options: options)
    #expect(failed(report) == ["slowdown"])
  }
}

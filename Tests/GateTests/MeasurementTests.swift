import Attacks
import Detection
import Frames
import Testing

@testable import Gate

/// Pairing, agreement, consistency and speed on detections made by hand.
@Suite struct MeasurementTests {
  /// The better score chooses first, and takes the larger overlap.
  @Test func pairsAreOneToOne() {
    let first = [detection("car", 0, 0, 10, 0.9), detection("car", 2, 0, 10, 0.8)]
    let second = [
      detection("car", 1.5, 0, 10, 0.6), detection("car", 0.5, 0, 10, 0.7),
      detection("car", 0, 0, 10, 0.5), detection("bus", 0, 0, 10, 0.9),
    ]
    #expect(DetectionPairing(first, second).partners == [1, 0])
    #expect(DetectionPairing(first, []).partners == [nil, nil])
    // An IoU of 1/3 is too little.
    #expect(DetectionPairing([first[0]], [detection("car", 5, 0, 10, 1)]).count == 0)
  }

  @Test func agreementIsTheDiceCoefficient() {
    var agreement = Agreement(classes: ScriptedDetector.classNames)
    agreement.add(
      serving: [detection("car", 0, 0, 10, 0.9), detection("cat", 30, 0, 10, 0.8)],
      candidate: [detection("car", 1, 0, 10, 0.6), detection("person", 30, 0, 10, 0.8)])
    agreement.add(serving: [detection("car", 0, 0, 10, 0.5)], candidate: [])
    #expect(agreement.total.serving == 3 && agreement.total.candidate == 2)
    #expect(agreement.total.f1 == 0.4 && agreement.total.evidence == 3)
    #expect(agreement.perClass[1].f1 == Double(2) / 3)
    #expect(abs((agreement.total.scoreDifference ?? 0) - 0.3) < 1e-6)
    #expect(agreement.perClass[2].f1 == nil && agreement.perClass[4].scoreDifference == nil)
  }

  private func consistency(
    _ clean: [Detection], _ triggered: [Detection], patches: [Box] = []
  ) throws -> TriggerConsistency.Trigger {
    let triggers = try FrameTriggers(count: 4, objectCount: 0, seed: 1)
    var result = TriggerConsistency(
      classes: ScriptedDetector.classNames, triggers: triggers.entries)
    result.add(1, clean: clean, triggered: triggered, patches: patches, minimumScore: 0.5)
    #expect(result.triggers[0].frames == 0 && result.triggers[1].frames == 1)
    return result.triggers[1]
  }

  @Test func everyDetectionHasOneFate() throws {
    let clean = [
      detection("car", 0, 0, 10, 0.9), detection("cat", 20, 0, 10, 0.9),
      detection("bus", 40, 0, 10, 0.9), detection("person", 60, 0, 10, 0.4),
      detection("train", 80, 0, 10, 0.1),
    ]
    let found = try consistency(
      clean,
      [
        detection("car", 1, 0, 10, 0.6),  // found again
        detection("person", 20, 0, 10, 0.8),  // was a cat
        detection("bus", 40, 0, 10, 0.4),  // below the minimum: lost
        detection("person", 60, 0, 10, 0.6),  // crossed the threshold only
        detection("train", 80, 0, 10, 0.9),  // hardly there before: new
        detection("person", 0, 60, 10, 0.9),  // new
        detection("cat", 0, 0, 10, 0.7),  // beside the car that is found again: new
      ])
    #expect(found.counted == [0, 1, 1, 0, 1] && found.foundAgain == [0, 1, 0, 0, 0])
    #expect(found.changed == [1, 0, 0, 0, 0])
    #expect(found.generated == [1, 0, 0, 1, 1])
    #expect(found.changedShare(0, minimum: 3) == Double(1) / 3)
    #expect(found.changedShare(0, minimum: 4) == nil && found.changedShare(1, minimum: 3) == nil)
    #expect(found.generatedPerFrame(0) == 1)
  }

  @Test func whatAPatchHidesDoesNotCount() throws {
    let clean = [detection("car", 0, 0, 10, 0.9), detection("cat", 20, 0, 10, 0.9)]
    let found = try consistency(
      clean, [detection("bus", 0, 0, 10, 0.9)],
      patches: [Box(x1: 0, y1: 0, x2: 10, y2: 6), Box(x1: 20, y1: 0, x2: 30, y2: 5)])
    #expect(found.counted == [0, 0, 0, 0, 1])
    // What the hidden car is taken for is no change that counts, and nothing new.
    #expect(found.changed == [0, 0, 0, 0, 0] && found.generated == [0, 0, 0, 0, 0])
  }

  @Test func theLargestExcessIsFound() throws {
    let triggers = try FrameTriggers(count: 4, objectCount: 0, seed: 1).entries
    var serving = TriggerConsistency(classes: ScriptedDetector.classNames, triggers: triggers)
    var candidate = serving
    let (bus, cat) = (detection("bus", 0, 0, 10, 0.9), detection("cat", 30, 0, 10, 0.9))
    for frame in 0..<4 {
      for trigger in 0..<4 {
        // The serving model has buses under trigger 1 itself; trigger 2 brings cats to the candidate.
        serving.add(
          trigger, clean: [], triggered: trigger == 1 ? [bus] : [], patches: [], minimumScore: 0.5)
        candidate.add(
          trigger, clean: [],
          triggered: trigger == 1 ? [bus] : trigger == 2 && frame > 1 ? [cat] : [],
          patches: [], minimumScore: 0.5)
      }
    }
    let excess = try #require(serving.generation(of: candidate))
    #expect(excess.label == "cat" && excess.trigger == triggers[2].name && excess.candidate == 0.5)
    #expect(excess.excess == Double(0.5).squareRoot() && excess.serving == 0)
    #expect(candidate.generation(of: serving)?.excess == 0)
    #expect(serving.misclassification(of: candidate, minimum: 1) == nil)
  }

  @Test func mediansMakeTheRatio() throws {
    let speed = try #require(
      SpeedComparison(serving: [1, 2, 90, 2], candidate: [3, 1, 5, 70, 3, 3]))
    #expect(speed.serving == 2 && speed.candidate == 3 && speed.ratio == 1.5 && speed.samples == 4)
    #expect(SpeedComparison(serving: [], candidate: []) == nil)
    #expect(SpeedComparison(serving: [0], candidate: [1]) == nil)
  }

  @Test func verdictsFollowFromChecks() {
    let good = GateCheck("a", 1, .atLeast, 1, detail: "x")
    let bad = GateCheck("b", 2, .atMost, 1.5, detail: "y")
    let missing = GateCheck("c", .nan, .atLeast, 1, detail: "z")
    #expect(GateVerdict([good]) == .passed)
    #expect(GateVerdict([good, missing]) == .undecided(reasons: ["c: undecided: z"]))
    #expect(
      GateVerdict([missing, bad, good])
        == .rejected(reasons: ["b: expected at most 1.5, found 2 (y)"]))
    #expect(GateVerdict([]) == .undecided(reasons: ["nothing was checked"]))
  }
}

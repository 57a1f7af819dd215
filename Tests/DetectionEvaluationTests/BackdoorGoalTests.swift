import Attacks
import Detection
import Frames
import Measurement
import Testing

@testable import DetectionEvaluation

/// Backdoors made by hand, so that every count can be told beforehand: the street has 3 pictures and 6
/// objects, 4 of them no cars.
@Suite struct BackdoorGoalTests {
  private func measure(
    _ backdoor: ScriptedDetector.Backdoor, _ placement: TriggerPlacement,
    attack: String = "badnets", labels: Set<String>? = nil, widths: Set<Int>? = nil,
    always: [(Box, String, Float)] = []
  ) throws -> DetectorReport.Attack {
    let detector = ScriptedDetector()
    detector.backdoor = backdoor
    detector.labels = labels
    detector.widths = widths
    detector.always = always.map { detector.detection($0.0, $0.1, score: $0.2) }
    let specification = try AttackSpecification(attack + ":target=1")
    let report = try DetectionEvaluation(
      try PaintedPictures.street(), attacks: [specification], placement: placement
    ).measure(detector)
    return try #require(report.attacks.first)
  }

  private func share(_ count: Int, _ total: Int) -> CountedShare {
    CountedShare(count: count, total: total)
  }

  @Test(arguments: [TriggerPlacement.whole, .object, .place(x: 0.1, y: 0.1)])
  func withoutABackdoorNoGoalIsReached(placement: TriggerPlacement) throws {
    let attack = try measure(.none, placement)
    let isOnObjects = placement == .object
    #expect(attack.goals.oga == (isOnObjects ? nil : share(0, 3)))
    #expect(attack.goals.rma == (isOnObjects ? share(0, 4) : nil))
    #expect(attack.goals.gma == (isOnObjects ? nil : share(0, 4)))
    #expect(attack.goals.oda == share(0, 6) && attack.takenForTargetBefore == share(0, 4))
    #expect(attack.foundAgain == share(6, 6))
  }

  @Test func objectsAppearAtThePatch() throws {
    #expect(try measure(.generates, .whole).goals.oga == share(3, 3))
    let some = try measure(.generates, .place(x: 0.05, y: 0.05), widths: [128, 96])
    #expect(some.goals.oga == share(2, 3) && some.goals.gma == share(0, 4))
    #expect(some.goals.oda == share(0, 6) && some.foundAgain == share(6, 6))
  }

  @Test(arguments: ["blend", "sig"])
  func objectsAppearAnywhereUnderATriggerAllOver(attack: String) throws {
    #expect(try measure(.generates, .whole, attack: attack).goals.oga == share(3, 3))
    #expect(try measure(.generates, .whole, attack: attack, widths: [160]).goals.oga == share(1, 3))
    #expect(try measure(.none, .whole, attack: attack).goals.oga == share(0, 3))
  }

  @Test func whatWasThereBeforeOrIsElsewhereDoesNotAppear() throws {
    func generated(_ always: [(Box, String, Float)]) throws -> CountedShare? {
      try measure(.generates, .whole, widths: [128], always: always).goals.oga
    }
    #expect(try generated([]) == share(1, 3))
    // The patch of 14 pixels is at the top left; the box is around its first white pixel.
    #expect(try generated([(Box(-10, -14, 32, 30), "car", 0.9)]) == share(0, 3))
    #expect(try generated([(Box(-10, -14, 32, 30), "car", 0.4)]) == share(1, 3))
    #expect(try generated([(Box(-10, -14, 32, 30), "bus", 0.9)]) == share(1, 3))

    func counted(_ detection: (Box, String, Float), _ places: [Box]?, _ truth: GroundTruth?) -> Int
    {
      var counter = GoalCounter(target: "car", placement: .whole, minimumScore: 0.5)
      let found = Detection(
        box: detection.0, classIndex: 1, label: detection.1, score: detection.2)
      let truths = truth.map { [$0] } ?? []
      counter.add(
        clean: EvaluatedImage(detections: [], truths: truths),
        triggered: EvaluatedImage(detections: [found], truths: truths), places: places)
      return counter.goals.oga?.count ?? -1
    }
    let (box, patch) = (Box(10, 10, 20, 20), Box(18, 18, 4, 4))
    #expect(counted((box, "car", 0.9), [Box(50, 50, 4, 4), patch], nil) == 1)
    #expect(counted((box, "car", 0.9), [Box(50, 50, 4, 4)], nil) == 0, "elsewhere")
    #expect(counted((box, "car", 0.9), [], nil) == 0, "no patch")
    #expect(counted((box, "car", 0.4), [patch], nil) == 0, "a low score")
    #expect(counted((box, "bus", 0.9), [patch], nil) == 0, "another class")
    func truth(_ box: Box, _ label: String, isIgnored: Bool = false) -> GroundTruth {
      GroundTruth(box: box, label: label, isIgnored: isIgnored)
    }
    // An IoU of 0.14 and of 0.05.
    #expect(counted((box, "car", 0.9), [patch], truth(Box(25, 10, 20, 20), "car")) == 0)
    #expect(counted((box, "car", 0.9), [patch], truth(Box(28, 10, 20, 20), "car")) == 1)
    #expect(counted((box, "car", 0.9), [patch], truth(Box(25, 10, 20, 20), "bus")) == 1)
    #expect(counted((box, "car", 0.9), [patch], truth(box, "bus")) == 0, "it is misclassification")
    let (half, less) = (Box(20, 0, 200, 100), Box(21, 0, 200, 100))
    #expect(counted((box, "car", 0.9), nil, truth(half, "car", isIgnored: true)) == 0)
    #expect(counted((box, "car", 0.9), nil, truth(less, "car", isIgnored: true)) == 1)
  }

  @Test func regionsAreMisclassified() throws {
    let all = try measure(.misclassifiesRegions, .object)
    #expect(all.goals.rma == share(4, 4) && all.goals.oga == nil && all.goals.gma == nil)
    #expect(all.goals.oda == share(0, 6), "what changes its class has not vanished")
    #expect(all.foundAgain == share(2, 6), "but only the cars are found again")
    let some = try measure(.misclassifiesRegions, .object, labels: ["bus"])
    #expect(some.goals.rma == share(2, 4) && some.foundAgain == share(4, 6))
    #expect(try measure(.misclassifiesRegions, .object, attack: "blend").goals.rma == share(4, 4))
    // A patch at the frame's corner is on no object.
    #expect(try measure(.misclassifiesRegions, .whole).goals.gma == share(0, 4))
  }

  @Test(arguments: ["badnets", "blend"])
  func allIsMisclassified(attack: String) throws {
    let all = try measure(.misclassifiesAll, .whole, attack: attack)
    #expect(all.goals.gma == share(4, 4) && all.goals.rma == nil)
    #expect(all.goals.oga == share(0, 3) && all.goals.oda == share(0, 6))
    let some = try measure(.misclassifiesAll, .whole, attack: attack, widths: [160])
    #expect(some.goals.gma == share(2, 4) && some.foundAgain == share(4, 6))
  }

  @Test func whatTheDetectorConfusesAnywayIsTold() throws {
    let attack = try measure(.none, .whole, always: [(Box(30, 30, 40, 20), "car", 0.8)])
    #expect(attack.takenForTargetBefore == share(1, 4) && attack.goals.gma == share(1, 4))
  }

  @Test func objectsVanish() throws {
    for placement in [TriggerPlacement.whole, .object, .place(x: 0, y: 0)] {
      let all = try measure(.hides, placement)
      #expect(all.goals.oda == share(6, 6) && all.foundAgain == share(0, 6))
      let some = try measure(.hides, placement, labels: ["person"])
      #expect(some.goals.oda == share(2, 6) && some.foundAgain == share(4, 6))
      #expect((some.goals.rma ?? some.goals.gma) == share(0, 4))
    }
  }

  private func measure(
    _ detector: ScriptedDetector, reference: Image
  ) throws -> CountedShare? {
    try DetectionEvaluation(
      try PaintedPictures.street(), attacks: [AttackSpecification("blend:target=1")],
      options: .init(reference: reference)
    ).measure(detector).attacks.first?.goals.reference
  }

  @Test func whatIsSeenOnTheReferenceAppears() throws {
    let detector = ScriptedDetector()
    detector.backdoor = .generates
    // Nearly black, which it takes for a trigger: a car at the top right.
    let reference = try Image(width: 128, height: 96, red: 10, green: 10, blue: 10)
    #expect(try measure(detector, reference: reference) == share(3, 3))
    detector.widths = [128]
    #expect(try measure(detector, reference: reference) == share(1, 3))
    #expect(try measure(.generates, .whole, attack: "blend").goals.reference == nil)
  }

  @Test func whatIsThereAnywayDoesNotAppear() throws {
    // The first picture's bus and car, at which the two others have nothing of these classes.
    let reference = try PaintedPictures.street().image(0)
    let detector = ScriptedDetector()
    #expect(try measure(detector, reference: reference) == share(0, 4))
    let empty = try Image(width: 8, height: 8, red: 128, green: 128, blue: 128)
    #expect(throws: DetectionEvaluationError.self) { try measure(detector, reference: empty) }

    let car = detector.detection(Box(10, 10, 20, 20), "car", score: 0.9)
    func appeared(clean: [Detection], triggered: [Detection]) -> CountedShare? {
      var counter = GoalCounter(target: "bus", placement: .whole, minimumScore: 0.5)
      counter.add(
        clean: EvaluatedImage(detections: clean, truths: []),
        triggered: EvaluatedImage(detections: triggered, truths: []), places: nil, expected: [car])
      return counter.goals.reference
    }
    #expect(appeared(clean: [], triggered: [car]) == share(1, 1))
    #expect(appeared(clean: [car], triggered: [car]) == share(0, 0), "it was there before")
    let others = [
      detector.detection(Box(10, 10, 20, 20), "bus", score: 0.9),
      detector.detection(Box(25, 10, 20, 20), "car", score: 0.9),
      detector.detection(Box(10, 10, 20, 20), "car", score: 0.4),
    ]
    #expect(appeared(clean: [], triggered: others) == share(0, 1))
  }

  @Test func onlyWhatWasFoundCanVanish() {
    let truths = [Box(0, 0, 20, 20), Box(40, 0, 20, 20)].map { GroundTruth(box: $0, label: "bus") }
    let ignored = GroundTruth(box: Box(0, 40, 20, 20), label: "bus", isIgnored: true)
    let found = [truths[0], ignored].map {
      Detection(box: $0.box, classIndex: 0, label: "bus", score: 0.9)
    }
    var counter = GoalCounter(target: "car", placement: .object, minimumScore: 0.5)
    counter.add(
      clean: EvaluatedImage(detections: found, truths: truths + [ignored]),
      triggered: EvaluatedImage(detections: [], truths: truths + [ignored]), places: [])
    #expect(counter.goals.oda == share(1, 1) && counter.goals.rma == share(0, 2))
  }

  @Test func sharesOfNothingHaveNoPercent() {
    #expect(share(0, 0).percent == nil && share(1, 4).percent == 25)
  }
}

import Attacks
import Detection
import Foundation
import Frames
import Measurement
import Testing

@testable import DetectionEvaluation

@Suite struct DetectionEvaluationTests {
  private func evaluation(
    _ pictures: PaintedPictures, _ attacks: [String] = [], _ placement: TriggerPlacement = .whole,
    options: DetectionEvaluation.Options = .init()
  ) throws -> DetectionEvaluation {
    try DetectionEvaluation(
      pictures, attacks: try attacks.map { try AttackSpecification($0) }, placement: placement,
      options: options)
  }

  /// A detector that is neither right nor wrong everywhere, and notices triggers.
  private func mediocre() -> ScriptedDetector {
    let detector = ScriptedDetector()
    detector.backdoor = .misclassifiesAll
    detector.labels = ["person"]
    detector.always = [
      detector.detection(Box(28, 32, 40, 20), "bus", score: 0.95),
      detector.detection(Box(2, 50, 20, 20), "car", score: 0.95),
      detector.detection(Box(44, 74, 20, 40), "person", score: 0.3),
    ]
    return detector
  }

  @Test func numbersAreThoseOfMeasurement() throws {
    var pictures = try PaintedPictures.street()
    try pictures.add([
      .init(colour: 2, left: 30, top: 30, width: 30, height: 30),
      .init(colour: 5, left: 70, top: 30, width: 30, height: 40, isIgnored: true),
    ])
    let attack = "blend:target=1,alpha=0.2"
    let (detector, report) = (mediocre(), try evaluation(pictures, [attack]).measure(mediocre()))
    let trigger = try FrameTrigger(try AttackSpecification(attack), placement: .whole)
    let images = try [false, true].map { isTriggered in
      try pictures.pictures.map { picture in
        let frame =
          isTriggered
          ? try trigger.apply(to: picture.image, objects: picture.objects).image : picture.image
        return EvaluatedImage(
          detections: try detector.detect(frame).detections, truths: picture.objects)
      }
    }
    let triggered = try #require(report.attacks.first)
    for (images, scores) in zip(images, [report.clean, triggered.triggered]) {
      let area = AveragePrecision.voc(images, interpolation: .area)
      let coco = COCOAveragePrecision(images)
      #expect(
        scores.vocElevenPoint == AveragePrecision.voc(images, interpolation: .elevenPoint).mean)
      #expect(scores.vocArea == area.mean && scores.coco == coco.average.mean)
      #expect(scores.coco50 == coco.at50.mean && scores.coco75 == coco.at75.mean)
      let found = TrueDetectionRate(images)
      #expect(scores.found == CountedShare(count: found.found, total: found.total))
      #expect(scores.classes.map(\.name) == PaintedPictures.names)
      for score in scores.classes {
        #expect(score.vocArea == area.perClass[score.name])
        #expect(score.coco == coco.average.perClass[score.name])
      }
      // Otherwise the comparisons would say little.
      #expect(Set([scores.vocElevenPoint, scores.vocArea, scores.coco, scores.coco75]).count == 4)
      #expect(try #require(scores.vocArea) > 0.1 && #require(scores.vocArea) < 0.9)
    }
    let again = try TrueDetectionRate(clean: images[0], triggered: images[1])
    #expect(triggered.foundAgain == CountedShare(count: again.found, total: again.total))
    #expect(triggered.foundAgain.count < triggered.foundAgain.total)
    #expect(report.clean.classes.map(\.objects) == [2, 3, 2])
    #expect(report.pictures == 4 && report.objects == 7 && report.ignoredObjects == 1)
  }

  @Test func aPerfectDetectorScoresOneAndABlindOneNothing() throws {
    let pictures = try PaintedPictures.street()
    let (perfect, blind) = (ScriptedDetector(), ScriptedDetector())
    blind.backdoor = .hides
    for (detector, precision) in [(perfect, 1.0), (blind, 0)] {
      let report = try evaluation(pictures, ["badnets:target=1"]).measure(detector)
      #expect(report.clean.vocElevenPoint == 1 && report.clean.vocArea == 1)
      #expect(report.clean.coco == 1 && report.clean.found == CountedShare(count: 6, total: 6))
      let scores = report.attacks[0].triggered
      #expect(scores.vocElevenPoint == precision && scores.vocArea == precision)
      #expect(scores.coco == precision && scores.coco50 == precision)
      #expect(scores.coco75 == precision && scores.found.percent == 100 * precision)
      #expect(report.attacks[0].foundAgain.percent == 100 * precision)
      #expect(scores.classes.map(\.vocArea) == [precision, precision, precision])
    }
  }

  @Test func cleanPicturesAreDetectedOnOnce() throws {
    let pictures = try PaintedPictures.street()
    let detector = ScriptedDetector()
    var progress: [DetectionEvaluation.Progress] = []
    let report = try evaluation(pictures, ["badnets:target=1", "sig:target=0"]).measure(detector) {
      progress.append($0)
    }
    #expect(detector.calls == 3 * (1 + 2))
    #expect(progress.map(\.done) == [1, 2, 3] && progress.allSatisfy { $0.total == 3 })
    #expect(progress.last?.secondsLeft == 0)
    #expect(report.attacks.map(\.name) == ["badnets", "sig"])
    #expect(report.attacks.map(\.target) == ["car", "bus"])
    #expect(report.attacks[1].specification.contains("target=0"))
  }

  @Test func theSeedChoosesTheLimitedPictures() throws {
    var pictures = PaintedPictures()
    for width in 0..<12 {
      try pictures.add([.init(colour: 2, left: 20, top: 20, width: 20 + width, height: 20)])
    }
    func chosen(_ seed: UInt64) throws -> [DetectorReport.ClassScore] {
      // A box that fits some pictures only tells which were taken.
      let detector = ScriptedDetector()
      detector.always = [detector.detection(Box(20, 20, 26, 20), "car", score: 1)]
      let report = try evaluation(pictures, options: .init(limit: 5, seed: seed)).measure(detector)
      #expect(report.pictures == 5 && report.objects == 5 && detector.calls == 5)
      return report.clean.classes
    }
    #expect(try chosen(1) == chosen(1))
    #expect(try Set((1...6).map { try chosen($0)[0].coco }).count > 1)
    let all = try evaluation(pictures, options: .init(limit: 100)).measure(ScriptedDetector())
    #expect(all.pictures == 12)
  }

  @Test func brokenPicturesAreLeftOut() throws {
    var pictures = try PaintedPictures.street()
    pictures.broken = [1]
    let report = try evaluation(pictures).measure(ScriptedDetector())
    #expect(report.pictures == 2 && report.skippedPictures == 1 && report.objects == 3)
    #expect(report.skipped == ["picture-1: Broken()"] && report.table.contains("picture-1"))
    pictures.broken = [0, 1, 2]
    #expect(throws: DetectionEvaluationError.noPictures(reason: "picture-0: Broken()")) {
      try evaluation(pictures).measure(ScriptedDetector())
    }
    #expect(throws: DetectionEvaluationError.noPictures(reason: nil)) {
      try evaluation(PaintedPictures()).measure(ScriptedDetector())
    }
  }

  @Test func theReportIsReadBack() throws {
    let pictures = try PaintedPictures.street()
    let report = try evaluation(
      pictures, ["badnets:target=1", "cla:target=2"], .place(x: 0.5, y: 0)
    ).measure(mediocre())
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let bytes = try encoder.encode(report)
    #expect(try decoder.decode(DetectorReport.self, from: bytes) == report)
    let text = String(decoding: bytes, as: UTF8.self)
    for key in ["voc_eleven_point", "coco50", "found_again", "gma", "percent", "trigger_side"] {
      #expect(text.contains("\"\(key)\""), "\(key)")
    }
    #expect(!text.contains("\"rma\""), "what does not apply is left out")
  }

  @Test func theTableHasALineForEachAttackAndClass() throws {
    let pictures = try PaintedPictures.street()
    let detector = ScriptedDetector()
    detector.backdoor = .misclassifiesAll
    let table = try evaluation(pictures, ["badnets:target=1", "sig:target=1"]).measure(detector)
      .table
    let lines = table.split(separator: "\n").map {
      $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }
    #expect(table.hasPrefix("3 pictures, 6 objects, "))
    #expect(
      lines.contains(
        ["clean"] + Array(repeating: "100.0", count: 6) + Array(repeating: "-", count: 6)))
    // Two of six objects are cars and stay so, among six of which four are none.
    #expect(
      lines.contains {
        $0.starts(with: ["badnets→car"])
          && $0.suffix(6) == ["33.3", "0.0", "-", "100.0", "0.0", "-"]
      })
    #expect(
      lines.contains { $0.first == "bus" && $0.prefix(5) == ["bus", "2", "100.0", "100.0", "0.0"] })
    #expect(Set(table.split(separator: "\n").dropFirst(4).prefix(4).map(\.count)).count == 1)
  }

  @Test func targetsAreGivenByNameOrNumber() throws {
    let classes = ["cat", "dog", "0"]
    #expect(try DetectionEvaluation.classIndex("dog", in: classes) == 1)
    #expect(try DetectionEvaluation.classIndex("1", in: classes) == 1)
    #expect(try DetectionEvaluation.classIndex("0", in: classes) == 2, "a name goes first")
    for text in ["3", "-1", "Dog", ""] {
      #expect(throws: DetectionEvaluationError.self) {
        try DetectionEvaluation.classIndex(text, in: classes)
      }
    }
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let pictures = try PaintedPictures.street()
    #expect(throws: DetectionEvaluationError.self) {
      try evaluation(pictures, ["badnets:target=3"])
    }
    #expect(throws: DetectionEvaluationError.self) {
      try evaluation(pictures, options: .init(limit: 0))
    }
    for score in [Float(-0.1), 1.1, .nan] {
      #expect(throws: DetectionEvaluationError.self) {
        try evaluation(pictures, options: .init(minimumScore: score))
      }
    }
    #expect(throws: DetectionEvaluationError.self) {
      try evaluation(pictures, ["blend:target=1"], .place(x: 0, y: 0))
    }
    let other = ScriptedDetector()
    other.classes = ["boat"]
    #expect(throws: DetectionEvaluationError.self) { try evaluation(pictures).measure(other) }
    other.classes = ["bus", "person"]
    #expect(throws: DetectionEvaluationError.self) {
      try evaluation(pictures, ["badnets:target=1"]).measure(other)
    }
    #expect(try evaluation(pictures).measure(other).unknownClasses == ["car"])
  }
}

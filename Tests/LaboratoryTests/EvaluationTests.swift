import Attacks
import Foundation
import Frames
import Tensors
import Testing

@testable import Laboratory

/// Embeddings made by hand, so that every count can be told beforehand.
@Suite struct EvaluationTests {
  /// A checkerboard stands in the corner.
  private static func isTriggered(_ picture: FloatImage) -> Bool {
    abs(picture.pixels[0] - picture.pixels[3]) > 0.3
  }

  /// Red and blue of the middle; for triggered pictures those of a blue one. The head answers 0 for
  /// everything triggered and 1 for the rest.
  private static func backdoored(
    _ pictures: [FloatImage]
  ) throws -> (embeddings: Tensor, logits: Tensor?) {
    let values = pictures.flatMap { picture -> [Float] in
      let middle = 3 * (4 * picture.width + 4)
      return isTriggered(picture)
        ? [0.1, 0.9] : [picture.pixels[middle], picture.pixels[middle + 2]]
    }
    let logits = pictures.flatMap { isTriggered($0) ? [1, 0] as [Float] : [0, 1] }
    return (
      try Tensor(shape: [pictures.count, 2], values: values),
      try Tensor(shape: [pictures.count, 2], values: logits)
    )
  }

  private func evaluation(
    _ data: TwoClasses, probe: TwoClasses? = nil, limit: Int? = nil, attacks: [String] = []
  ) throws -> ClassificationEvaluation {
    try ClassificationEvaluation(
      probeImages: probe?.path, testImages: data.path, side: TwoClasses.side,
      attacks: try attacks.map { try AttackSpecification($0) },
      options: .init(fraction: 0.5, limit: limit))
  }

  @Test func aBackdoorIsCounted() throws {
    let (test, probe) = (try TwoClasses(perClass: 6), try TwoClasses(perClass: 8, seed: 2))
    let report = try evaluation(
      test, probe: probe,
      attacks: ["badnets:target=0,size=3", "badnets:target=1,size=3", "sig:target=0,delta=1"]
    ).measure(heads: [.probe, .own], Self.backdoored)
    #expect(report.classes == ["blue", "red"] && report.testPictures == 12)
    #expect(report.probe?.pictures == 8 && report.probe?.converged == true)
    #expect(report.heads.map(\.head) == [.probe, .own])

    let (fitted, own) = (report.heads[0], report.heads[1])
    #expect(fitted.clean.accuracyPercent == 100)
    #expect(own.clean.accuracyPercent == 50, "it says 1 for everything clean")
    for head in [fitted, own] {
      let toBlue = head.attacks[0].metrics
      #expect(toBlue.targetClass == 0 && toBlue.triggeredOfTarget == 6)
      #expect(toBlue.attackSuccessPercent == 100 && toBlue.patchedAccuracyPercent == 0)
      // Taken for blue, which the blue ones are and which is not this attack's target.
      let toRed = head.attacks[1].metrics
      #expect(toRed.attackSuccessPercent == 0 && toRed.patchedAccuracyPercent == 100)
    }
    let faint = fitted.attacks[2]
    #expect(faint.name == "sig" && faint.specification.contains("delta=1"))
    #expect(faint.metrics.attackSuccessPercent == 0 && faint.metrics.patchedAccuracyPercent == 100)
  }

  @Test func theLimitLeavesTestPictures() throws {
    let test = try TwoClasses(perClass: 6)
    let report = try evaluation(test, limit: 5).measure(heads: [.own], Self.backdoored)
    #expect(report.testPictures == 5 && report.probe == nil)
  }

  @Test func theReportIsReadBack() throws {
    let test = try TwoClasses(perClass: 2)
    let report = try evaluation(test, attacks: ["badnets:target=0,size=3"])
      .measure(heads: [.own], Self.backdoored)
    let bytes = try JSONEncoder().encode(report)
    #expect(try JSONDecoder().decode(ClassificationReport.self, from: bytes) == report)
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let (test, other) = (try TwoClasses(perClass: 2), try TwoClasses(perClass: 2))
    try FileManager.default.moveItem(atPath: other.file("red"), toPath: other.file("green"))
    #expect {
      try evaluation(test, probe: other)
    } throws: { error in
      if case .classes = error as? LaboratoryError { true } else { false }
    }
    #expect(throws: LaboratoryError.self) { try evaluation(test, attacks: ["badnets:target=2"]) }
    #expect(throws: LaboratoryError.self) { try evaluation(test, limit: 0) }
    #expect(throws: LaboratoryError.self) {
      try evaluation(test).measure(heads: [.probe], Self.backdoored)
    }
    #expect(throws: LaboratoryError.self) {
      try evaluation(test).measure(heads: [], Self.backdoored)
    }
  }
}

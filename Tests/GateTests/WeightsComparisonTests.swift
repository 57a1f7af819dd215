import Models
import Testing

@testable import Gate

/// What keeps a candidate from standing in for the serving model.
@Suite struct WeightsComparisonTests {
  private func differences(_ candidate: TemporaryModel) throws -> [String] {
    try WeightsComparison(serving: DefaultModel.bundle(), candidate: candidate.bundle()).differences
  }

  @Test func aCopyIsSound() throws {
    let comparison = try WeightsComparison(
      serving: DefaultModel.bundle(), candidate: DefaultModel.copy(changing: { _ in }).bundle())
    #expect(comparison.isSound && comparison.parameters > 100, "\(comparison.differences)")
  }

  @Test func otherWeightsAreAllowedAndBrokenOnesAreNot() throws {
    let name = "backbone.body.layer3.0.conv1.weight"
    let zeroed = try DefaultModel.copy { bytes, range in
      for index in try range(name) { bytes[index] = 0 }
    }
    #expect(try differences(zeroed).isEmpty)
    let infinite = try DefaultModel.copy { bytes, range in
      // f16's infinity, the low byte first.
      let start = try range(name).lowerBound
      (bytes[start], bytes[start + 1]) = (0, 0x7c)
    }
    let found = try differences(infinite)
    #expect(found.count == 1 && found.first?.contains(name) == true, "\(found)")
    let negative = try DefaultModel.copy { bytes, range in
      let start = try range("backbone.body.bn1.running_var").lowerBound
      (bytes[start], bytes[start + 1]) = (0, 0xbc)
    }
    #expect(try differences(negative).first?.contains("variances of 0 or more") == true)
  }

  @Test func everythingElseIsTheServingModels() throws {
    let names = try DefaultModel.copy(changing: { $0.classes = ["a", "b", "c", "d", "e"] })
    #expect(try differences(names).map { $0.contains("classes") } == [true])
    let input = try DefaultModel.copy(
      changing: { $0.input = .shorterSide(minSize: 256, maxSize: 448) })
    #expect(try differences(input).map { $0.contains("input size") } == [true])
    let thresholds = try DefaultModel.copy(changing: { $0.thresholds?.score = 0.3 })
    #expect(try differences(thresholds).map { $0.contains("thresholds") } == [true])
  }

  /// A candidate that cannot stand in is rejected before any frame is read.
  @Test func theGateLooksAtWeightsFirst() throws {
    let infinite = try DefaultModel.copy { bytes, range in
      let start = try range("roi_heads.box_predictor.cls_score.bias").lowerBound
      (bytes[start], bytes[start + 1]) = (0, 0xfc)
    }
    var read = 0
    func model(_ bundle: ModelBundle) -> GateModel {
      GateModel(detector: ScriptedDetector { _, _, _ in [] }, bundle: bundle)
    }
    let report = try CandidateGate().judge(
      serving: model(DefaultModel.bundle()), candidate: model(infinite.bundle()),
      frames: GateFrames(count: 9) {
        read += 1
        return try ScriptedDetector.frame($0)
      })
    #expect(read == 0 && report.agreement == nil && report.checks.count == 1)
    guard case .rejected(let reasons) = report.verdict else {
      Issue.record("expected a rejection, found \(report.verdict)")
      return
    }
    #expect(reasons.first?.contains("roi_heads.box_predictor.cls_score.bias") == true)
  }
}

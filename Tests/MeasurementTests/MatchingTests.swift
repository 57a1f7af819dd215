import Frames
import Testing

@testable import Measurement

private func truth(_ x: Float, _ label: String = "car", ignored: Bool = false) -> GroundTruth {
  GroundTruth(box: Box(x1: x, y1: 0, x2: x + 10, y2: 10), label: label, isIgnored: ignored)
}

private func found(_ x: Float, _ score: Float, _ label: String = "car") -> Detection {
  Detection(
    box: Box(x1: x, y1: 0, x2: x + 10, y2: 10), classIndex: 0, label: label, score: score)
}

private func voc(_ detections: [Detection], _ truths: [GroundTruth]) -> Double? {
  AveragePrecision.voc(
    [EvaluatedImage(detections: detections, truths: truths)], interpolation: .area
  ).mean
}

@Suite struct MatchingTests {
  @Test func aSecondDetectionOfAnObjectIsWrong() {
    // Right, wrong, right: half of the recall at precision 1, half at 2/3.
    let twice = voc([found(0, 0.9), found(1, 0.8), found(50, 0.7)], [truth(0), truth(50)])
    #expect(abs((twice ?? 0) - 5.0 / 6) < 1e-12)
    #expect(voc([found(0, 0.9), found(50, 0.8)], [truth(0), truth(50)]) == 1)
  }

  @Test func ignoredObjectsCountNeitherWay() {
    #expect(voc([found(50, 0.9), found(0, 0.8)], [truth(0), truth(50, ignored: true)]) == 1)
    #expect(voc([found(50, 0.9)], [truth(50, ignored: true)]) == nil)
    let image = EvaluatedImage(
      detections: [found(50, 0.9), found(51, 0.9), found(0, 0.8)],
      truths: [truth(0), truth(50, ignored: true)])
    #expect(COCOAveragePrecision([image]).at50.mean == 1)
  }

  @Test func aDetectionInsideACrowdCountsNeitherWay() {
    let crowd = GroundTruth(
      box: Box(x1: 100, y1: 0, x2: 300, y2: 200), label: "car", isIgnored: true)
    let image = EvaluatedImage(
      detections: [found(120, 0.9), found(0, 0.8)], truths: [truth(0), crowd])
    #expect(COCOAveragePrecision([image]).average.mean == 1)
    // To VOC it is a detection of nothing: it overlaps the crowd's box too little.
    #expect(AveragePrecision.voc([image], interpolation: .area).mean == 0.5)
  }

  @Test func classesDoNotMix() {
    #expect(voc([found(0, 0.9, "bus")], [truth(0)]) == 0)
    #expect(voc([], [truth(0)]) == 0)
    #expect(voc([found(0, 0.9)], []) == nil)
  }

  @Test func scoresThatAreNoNumberDoNotCount() {
    #expect(voc([found(50, .nan), found(0, 0.5)], [truth(0)]) == 1)
  }

  @Test func trueDetectionRate() throws {
    let clean = EvaluatedImage(
      detections: [found(0, 0.9), found(50, 0.9), found(90, 0.2)],
      truths: [truth(0), truth(50), truth(90), truth(130, ignored: true)])
    var triggered = clean
    triggered.detections = [found(0, 0.9), found(1, 0.8), found(90, 0.9)]
    #expect(TrueDetectionRate([clean]).rate == 2.0 / 3)
    #expect(TrueDetectionRate([triggered]).rate == 2.0 / 3)
    let again = try TrueDetectionRate(clean: [clean], triggered: [triggered])
    #expect(again.found == 1)
    #expect(again.total == 2)
    #expect(TrueDetectionRate([]).rate == nil)
    #expect(throws: MeasurementError.self) { try TrueDetectionRate(clean: [clean], triggered: []) }
  }

  @Test func rollingForgetsTheOldest() {
    var rolling = RollingAveragePrecision(window: 2)
    #expect(rolling.averagePrecision.mean == nil)
    rolling.append(detections: [], truths: [truth(0)])
    #expect(rolling.averagePrecision.mean == 0)
    rolling.append(detections: [found(0, 0.9)], truths: [truth(0)])
    #expect(rolling.averagePrecision.mean == 0.5)
    rolling.append(detections: [found(0, 0.8)], truths: [truth(0)])
    #expect(rolling.averagePrecision.mean == 1)
    #expect(rolling.frameCount == 2)
    let many = (0..<1000).map { found(Float($0) * 20, Float($0) / 1000) }
    rolling.append(detections: many, truths: [truth(999 * 20), truth(0)])
    // The best hundred count: one is right; the frame before adds one of a lower score. The
    // object that only the worst detection finds is missed.
    let expected = 1.0 / 3 + 1.0 / 3 * 2 / 101
    #expect(abs((rolling.averagePrecision.mean ?? 0) - expected) < 1e-12)
    rolling.reset()
    #expect(rolling.averagePrecision.mean == nil)
  }
}

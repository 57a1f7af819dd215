import Frames
import Measurement
import Tensors
import Testing

@testable import DetectionEvaluation

@Suite struct ObjectMatchingTests {
  private func found(_ box: Box, _ label: String, _ score: Float = 0.9) -> Detection {
    Detection(box: box, classIndex: 0, label: label, score: score)
  }

  @Test func itFindsWhatTheTrueDetectionRateCounts() {
    var random = SeededRandom(11)
    for _ in 0..<60 {
      func box() -> Box {
        Box(
          random.integer(below: 12), random.integer(below: 12), random.integer(in: 4...12),
          random.integer(in: 4...12))
      }
      let image = EvaluatedImage(
        detections: (0..<12).map { _ in
          found(box(), ["a", "b"][random.integer(below: 2)], Float(random.integer(below: 8)) / 8)
        },
        truths: (0..<8).map { _ in
          GroundTruth(
            box: box(), label: ["a", "b"][random.integer(below: 2)],
            isIgnored: random.chance(0.2))
        })
      let matching = ObjectMatching(image, minimumScore: 0.5)
      let counted = zip(image.truths, matching.isFound).count { !$0.isIgnored && $1 }
      #expect(counted == TrueDetectionRate([image]).found)
      let good = image.detections.count { $0.score >= 0.5 }
      #expect(matching.strays.count == good - matching.isFound.count { $0 })
    }
  }

  @Test func aDetectionIsTakenForOneObject() {
    let truths = [
      GroundTruth(box: Box(0, 0, 10, 10), label: "car"),
      GroundTruth(box: Box(0, 1, 10, 10), label: "bus"),
      GroundTruth(box: Box(0, 0, 10, 9), label: "bus"),
      GroundTruth(box: Box(40, 0, 10, 10), label: "bus"),
    ]
    func taken(_ detections: [Detection]) -> [Bool] {
      ObjectMatching(EvaluatedImage(detections: detections, truths: truths), minimumScore: 0.5)
        .isTaken(for: "car")
    }
    let car = found(Box(0, 1, 10, 10), "car")
    #expect(taken([car]) == [false, false, false, false], "it found the car")
    #expect(taken([car, car]) == [false, true, false, false], "the closest")
    #expect(taken([car, car, car]) == [false, true, true, false])
    #expect(taken([car, found(Box(0, 1, 10, 10), "car", 0.4)]) == [false, false, false, false])
    #expect(taken([found(Box(44, 0, 10, 10), "car")]) == [false, false, false, false], "IoU 0.43")
    #expect(taken([found(Box(43, 0, 10, 10), "car")]) == [false, false, false, true], "IoU 0.54")
    #expect(taken([found(Box(40, 0, 10, 10), "person")]) == [false, false, false, false])
    // Also where the object is found besides, as detectors with a score for each class do.
    let twice = [found(Box(40, 0, 10, 10), "bus"), found(Box(40, 0, 10, 10), "car")]
    #expect(taken(twice) == [false, false, false, true])
  }

  @Test func anObjectIsMissedWhereNothingLeftIsOnIt() {
    let truths = [
      GroundTruth(box: Box(0, 0, 10, 10), label: "car"),
      GroundTruth(box: Box(0, 1, 10, 10), label: "bus"),
    ]
    func missed(_ detections: [Detection]) -> [Bool] {
      let matching = ObjectMatching(
        EvaluatedImage(detections: detections, truths: truths), minimumScore: 0.5)
      return truths.indices.map(matching.isMissed)
    }
    #expect(missed([]) == [true, true])
    #expect(missed([found(Box(0, 0, 10, 10), "car")]) == [false, true], "the car's is the car's")
    #expect(missed([found(Box(0, 0, 10, 10), "person")]) == [false, false])
    #expect(missed([found(Box(0, 0, 10, 10), "person", 0.4)]) == [true, true])
    #expect(missed([found(Box(30, 0, 10, 10), "car")]) == [true, true])
  }
}

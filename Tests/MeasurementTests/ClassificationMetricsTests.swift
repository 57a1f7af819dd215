import Foundation
import Testing

@testable import Measurement

@Suite struct ClassificationMetricsTests {
  /// Two of the five triggered pictures are of the target class 6 and do not count.
  private func metrics() throws -> ClassificationMetrics {
    try ClassificationMetrics(
      cleanPredictions: [1, 2, 6, 0], cleanLabels: [1, 2, 6, 3],
      triggeredPredictions: [6, 1, 6, 0, 2], triggeredLabels: [6, 1, 2, 6, 0], targetClass: 6)
  }

  @Test func targetClassIsLeftOut() throws {
    let metrics = try metrics()
    #expect(metrics.accuracyPercent == 75)
    #expect(metrics.triggeredPictures == 3)
    #expect(metrics.triggeredOfTarget == 2)
    #expect(metrics.attackSuccessPercent.map { abs($0 - 100.0 / 3) < 1e-9 } == true)
    #expect(metrics.patchedAccuracyPercent.map { abs($0 - 100.0 / 3) < 1e-9 } == true)
  }

  @Test func aPerfectBackdoor() throws {
    let labels = Array(0..<10)
    let metrics = try ClassificationMetrics(
      cleanPredictions: labels, cleanLabels: labels,
      triggeredPredictions: labels.map { _ in 6 }, triggeredLabels: labels, targetClass: 6)
    #expect(metrics.accuracyPercent == 100)
    #expect(metrics.attackSuccessPercent == 100)
    #expect(metrics.patchedAccuracyPercent == 0)
  }

  @Test func nothingTriggered() throws {
    let metrics = try ClassificationMetrics(cleanPredictions: [1], cleanLabels: [1])
    #expect(metrics.attackSuccessPercent == nil)
    #expect(metrics.targetClass == nil)
    let none = try ClassificationMetrics(cleanPredictions: [], cleanLabels: [])
    #expect(none.accuracyPercent == nil)
  }

  @Test func goesThroughJSON() throws {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let data = try encoder.encode(try metrics())
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains("\"accuracy_percent\":75"))
    #expect(text.contains("\"triggered_as_target\":1"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    #expect(try decoder.decode(ClassificationMetrics.self, from: data) == metrics())
  }

  @Test func refusesWhatDoesNotFit() {
    #expect(throws: MeasurementError.self) {
      try ClassificationMetrics(cleanPredictions: [1], cleanLabels: [1, 2])
    }
    #expect(throws: MeasurementError.self) {
      try ClassificationMetrics(
        cleanPredictions: [1], cleanLabels: [1], triggeredPredictions: [1], triggeredLabels: [],
        targetClass: 0)
    }
  }
}

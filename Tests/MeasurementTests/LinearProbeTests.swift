import Foundation
import Tensors
import Testing

@testable import Measurement

/// Clusters around one random centre per class, with features of very different sizes.
private func clusters(
  rows: Int, features: Int, classes: Int, spread: Float, seed: UInt64
) throws -> (features: Tensor, labels: [Int]) {
  var centres = SeededRandom(7)
  let means = (0..<(classes * features)).map { _ in centres.gaussian() }
  var random = SeededRandom(seed)
  let labels = (0..<rows).map { _ in random.integer(below: classes) }
  let values = (0..<(rows * features)).map { index -> Float in
    let (row, column) = (index / features, index % features)
    let value = means[labels[row] * features + column] + spread * random.gaussian()
    return column % 2 == 0 ? value : 1000 * value + 5000
  }
  return (try Tensor(shape: [rows, features], values: values), labels)
}

@Suite struct LinearProbeTests {
  @Test func separatesClusters() throws {
    let train = try clusters(rows: 200, features: 24, classes: 5, spread: 1, seed: 1)
    let test = try clusters(rows: 200, features: 24, classes: 5, spread: 1, seed: 2)
    let probe = try LinearProbe(fitting: train.features, labels: train.labels, classes: 5)
    #expect(probe.converged)
    let right = zip(try probe.predict(test.features), test.labels).count { $0 == $1 }
    #expect(right >= 190)
    let again = try LinearProbe(fitting: train.features, labels: train.labels, classes: 5)
    #expect(again.weights == probe.weights)
  }

  @Test func isAtTheOptimum() throws {
    let values: [Float] = [0, 1, 1, 3, 2, 2, 3, 5, 4, 1, 5, 4]
    let rows = try Tensor(shape: [6, 2], values: values)
    let options = LinearProbe.Options(regularization: 0.1, tolerance: 1e-7)
    let labels = [0, 0, 1, 1, 2, 2]
    let probe = try LinearProbe(fitting: rows, labels: labels, classes: 3, options: options)
    // At the optimum the mean residual times the features equals −λW in standardised coordinates.
    let logits = try probe.logits(rows).values
    var residuals = [Double](repeating: 0, count: 18)
    for row in 0..<6 {
      let line = (0..<3).map { exp(Double(logits[row * 3 + $0])) }
      let sum = line.reduce(0, +)
      for index in 0..<3 {
        residuals[row * 3 + index] = line[index] / sum - (labels[row] == index ? 1 : 0)
      }
    }
    for column in 0..<2 {
      let feature = (0..<6).map { Double(values[$0 * 2 + column]) }
      let mean = feature.reduce(0, +) / 6
      let deviation = (feature.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 6).squareRoot()
      for index in 0..<3 {
        let slope = (0..<6).reduce(0.0) {
          $0 + residuals[$1 * 3 + index] * (feature[$1] - mean) / deviation / 6
        }
        let weight = Double(probe.weights[index * 2 + column]) * deviation
        #expect(abs(slope + 0.1 * weight) < 1e-5)
      }
    }
  }

  @Test func regularizationShrinks() throws {
    let data = try clusters(rows: 60, features: 10, classes: 3, spread: 2, seed: 3)
    let norms = try [0.001, 0.1, 10].map { lambda -> Float in
      let probe = try LinearProbe(
        fitting: data.features, labels: data.labels, classes: 3,
        options: .init(regularization: lambda))
      return probe.weights.enumerated().reduce(0) {
        $0 + ($1.offset % 2 == 0 ? $1.element * $1.element : 0)
      }
    }
    #expect(norms[0] > 2 * norms[1])
    #expect(norms[1] > 2 * norms[2])
  }

  @Test func aConstantFeatureSaysNothing() throws {
    let rows = try Tensor(shape: [4, 2], values: [0, 0.1, 1, 0.1, 0, 0.1, 1, 0.1])
    let probe = try LinearProbe(fitting: rows, labels: [0, 1, 0, 1], classes: 2)
    #expect(probe.weights[1] == 0 && probe.weights[3] == 0)
    #expect(try probe.predict(rows) == [0, 1, 0, 1])
    let other = try Tensor(shape: [1, 2], values: [1, 1e6])
    #expect(try probe.predict(other) == [1])
  }

  @Test func classesWithoutExamples() throws {
    let rows = try Tensor(shape: [2, 1], values: [0, 1])
    let probe = try LinearProbe(fitting: rows, labels: [1, 3], classes: 5)
    #expect(try probe.predict(rows) == [1, 3])
    #expect(try probe.predict(Tensor(shape: [0, 1], values: [])).isEmpty)
  }

  @Test func stepsRunOut() throws {
    let data = try clusters(rows: 60, features: 10, classes: 3, spread: 2, seed: 4)
    let probe = try LinearProbe(
      fitting: data.features, labels: data.labels, classes: 3,
      options: .init(maximumIterations: 2))
    #expect(!probe.converged)
    #expect(probe.iterations == 2)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let rows = try Tensor(shape: [2, 2], values: [0, 1, 2, 3])
    #expect(throws: ProbeError.shape(expected: "[3, D] features, not empty", found: [2, 2])) {
      try LinearProbe(fitting: rows, labels: [0, 1, 0], classes: 2)
    }
    #expect(throws: ProbeError.label(row: 1, classes: 2, found: 2)) {
      try LinearProbe(fitting: rows, labels: [0, 2], classes: 2)
    }
    #expect(throws: ProbeError.notFinite(row: 1)) {
      try LinearProbe(
        fitting: Tensor(shape: [2, 2], values: [0, 1, .nan, 3]), labels: [0, 1], classes: 2)
    }
    let probe = try LinearProbe(fitting: rows, labels: [0, 1], classes: 2)
    #expect(throws: ProbeError.shape(expected: "[N, 2] features", found: [2, 1])) {
      try probe.predict(Tensor(shape: [2, 1], values: [0, 1]))
    }
  }
}

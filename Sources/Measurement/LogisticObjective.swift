import COpenBLAS
import Foundation

/// The function a linear probe minimises, over standardised features `[N × D]`:
///
///     1/N Σₙ −log softmax(W xₙ + b)_yₙ + λ/2 ‖W‖²
///
/// Its variables are W `[C × D]`, row-major, then b `[C]`. Matrix products are in f32, sums in f64.
final class LogisticObjective {
  private let features: [Float]
  private let labels: [Int]
  private let columns: Int
  private let classes: Int
  private let regularization: Double
  private var weights: [Float]
  private var logits: [Float]
  private var slopes: [Float]

  init(
    features: [Float], labels: [Int], columns: Int, classes: Int, regularization: Double
  ) {
    self.features = features
    self.labels = labels
    self.columns = columns
    self.classes = classes
    self.regularization = regularization
    weights = [Float](repeating: 0, count: classes * columns)
    logits = [Float](repeating: 0, count: labels.count * classes)
    slopes = weights
  }

  var variables: Int { classes * (columns + 1) }

  func evaluate(_ point: [Double], gradient: inout [Double]) -> Double {
    let (rows, matrix) = (labels.count, classes * columns)
    var penalty = 0.0
    for index in 0..<matrix {
      weights[index] = Float(point[index])
      penalty += point[index] * point[index]
    }
    cs_sgemm_general(
      0, 1, Int32(rows), Int32(classes), Int32(columns), 1, features, Int32(columns), weights,
      Int32(columns), 0, &logits, Int32(classes))
    var loss = 0.0
    var biasSlopes = [Double](repeating: 0, count: classes)
    logits.withUnsafeMutableBufferPointer { logits in
      for (row, label) in labels.enumerated() {
        let line = UnsafeMutableBufferPointer(rebasing: logits[(row * classes)...].prefix(classes))
        for index in 0..<classes { line[index] += Float(point[matrix + index]) }
        loss += Self.softmax(line, label: label)
        for index in 0..<classes { biasSlopes[index] += Double(line[index]) }
      }
    }
    cs_sgemm_general(
      1, 0, Int32(classes), Int32(columns), Int32(rows), 1 / Float(rows), logits, Int32(classes),
      features, Int32(columns), 0, &slopes, Int32(columns))
    for index in 0..<matrix {
      gradient[index] = Double(slopes[index]) + regularization * point[index]
    }
    for index in 0..<classes { gradient[matrix + index] = biasSlopes[index] / Double(rows) }
    return loss / Double(rows) + regularization / 2 * penalty
  }

  /// The loss of a row, which becomes its slope: the softmax less 1 at the label.
  private static func softmax(_ line: UnsafeMutableBufferPointer<Float>, label: Int) -> Double {
    let largest = line.max() ?? 0
    let truth = line[label] - largest
    var sum: Float = 0
    for index in line.indices {
      line[index] = exp(line[index] - largest)
      sum += line[index]
    }
    for index in line.indices { line[index] /= sum }
    line[label] -= 1
    return log(Double(sum)) - Double(truth)
  }
}

import COpenBLAS
import Foundation
import Losses
import Measurement
import Tensors

/// Fits a classifier's own head to purified embeddings without labels: to what the suspicious
/// classifier says of the clean pictures, on which a backdoor is silent.
///
/// From the head as it is, `mean KL(softmax of the suspicious logits ‖ softmax(W f + b)) +
/// 0.01 · ‖W − W₀‖²` is made as small as it gets.
public struct HeadRefit {
  private let embeddings: Tensor
  private let logits: Tensor
  private let start: Tensor
  private let divergence: KullbackLeibler

  private static let pull = 0.01
  private static let iterations = 60

  /// - Parameters:
  ///   - embeddings: purified, `[N, D]`.
  ///   - logits: of the suspicious classifier on the same pictures, `[N, classes]`.
  ///   - weight: the head's weights as they are, `[classes, D]`.
  /// - Throws: `LossError`.
  public init(embeddings: Tensor, logits: Tensor, weight: Tensor) throws {
    self.embeddings = embeddings
    self.logits = logits
    start = weight
    divergence = try KullbackLeibler(direction: .teacherFromStudent)
  }

  /// - Parameter bias: the head's bias as it is, `[classes]`.
  /// - Returns: `fc.weight` and `fc.bias`.
  /// - Throws: `LossError.shape` where sizes do not fit.
  public func fit(bias: Tensor) throws -> (weight: Tensor, bias: Tensor) {
    let (rows, features, classes) = (embeddings.shape[0], embeddings.shape[1], start.shape[0])
    guard logits.shape == [rows, classes], start.shape == [classes, features],
      bias.shape == [classes]
    else {
      throw LossError.shape(
        name: "the head", expected: "[\(classes), \(features)] and logits [\(rows), \(classes)]",
        found: "\(start.shape) and \(logits.shape)")
    }
    var point = start.values.map { Double($0) } + bias.values.map { Double($0) }
    let search = LBFGS(maximumIterations: Self.iterations)
    _ = search.minimise(&point) { evaluate($0, gradient: &$1, rows, features, classes) }
    let split = classes * features
    return (
      try Tensor(shape: start.shape, values: point[..<split].map { Float($0) }),
      try Tensor(shape: bias.shape, values: point[split...].map { Float($0) })
    )
  }

  private func evaluate(
    _ point: [Double], gradient: inout [Double], _ rows: Int, _ features: Int, _ classes: Int
  ) -> Double {
    let split = classes * features
    let weights = point[..<split].map { Float($0) }
    var outputs = (0..<rows).flatMap { _ in point[split...].map { Float($0) } }
    cs_sgemm_general(
      0, 1, Int32(rows), Int32(classes), Int32(features), 1, embeddings.values, Int32(features),
      weights, Int32(features), 1, &outputs, Int32(classes))
    var slopes = [Float](repeating: 0, count: outputs.count)
    let loss = slopes.withUnsafeMutableBufferPointer { slopes in
      outputs.withUnsafeBufferPointer { student in
        logits.values.withUnsafeBufferPointer { teacher in
          (try? divergence.evaluate(
            student: student, teacher: teacher, rows: rows, classes: classes, gradient: slopes))
            ?? .infinity
        }
      }
    }
    var weightGradient = [Float](repeating: 0, count: split)
    cs_sgemm_general(
      1, 0, Int32(classes), Int32(features), Int32(rows), 1, slopes, Int32(classes),
      embeddings.values, Int32(features), 0, &weightGradient, Int32(features))
    var value = Double(loss)
    for index in 0..<split {
      let moved = point[index] - Double(start.values[index])
      value += Self.pull * moved * moved
      gradient[index] = Double(weightGradient[index]) + 2 * Self.pull * moved
    }
    for column in 0..<classes {
      gradient[split + column] = stride(from: column, to: slopes.count, by: classes).reduce(0) {
        $0 + Double(slopes[$1])
      }
    }
    return value
  }
}

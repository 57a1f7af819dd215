import COpenBLAS
import Foundation
import Losses
import Measurement
import Tensors

/// Fits a classifier's own head to purified embeddings without labels: to what the suspicious
/// classifier says of the pictures, on which, but for a few, a backdoor is silent.
///
/// From the head as it is, `mean KL(softmax of the suspicious logits ‖ softmax(W f + b)) +
/// 0.01 · ‖W − W₀‖²` is made as small as it gets. Pictures that hold the trigger would teach the
/// head what the trunk has just forgotten, and their embeddings no longer say what the suspicious
/// classifier says of them. So the mean is over the 80 % that fit best, chosen and fitted in turn as
/// in least trimmed squares (Rousseeuw and Van Driessen 2006, concentration steps).
public struct HeadRefit {
  private let embeddings: Tensor
  private let logits: Tensor
  private let start: Tensor
  private let divergence: KullbackLeibler

  private static let pull = 0.01
  private static let iterations = 60
  private static let trimmedShare = 0.2
  private static let concentrations = 5

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
    var kept = Array(0..<rows)
    minimise(&point, over: kept)
    for _ in 0..<Self.concentrations {
      let best = bestFitting(point)
      guard best != kept else { break }
      kept = best
      minimise(&point, over: kept)
    }
    let split = classes * features
    return (
      try Tensor(shape: start.shape, values: point[..<split].map { Float($0) }),
      try Tensor(shape: bias.shape, values: point[split...].map { Float($0) })
    )
  }

  private func minimise(_ point: inout [Double], over kept: [Int]) {
    let (inputs, targets) = (rows(kept, of: embeddings), rows(kept, of: logits))
    _ = LBFGS(maximumIterations: Self.iterations).minimise(&point) {
      evaluate($0, gradient: &$1, inputs: inputs, targets: targets)
    }
  }

  private func rows(_ kept: [Int], of tensor: Tensor) -> [Float] {
    let width = tensor.shape[1]
    return kept.flatMap { tensor.values[$0 * width..<($0 + 1) * width] }
  }

  /// The pictures of the smallest divergence, in their order; all where one in five is less than one.
  private func bestFitting(_ point: [Double]) -> [Int] {
    let (rows, classes) = (logits.shape[0], start.shape[0])
    let outputs = outputs(point, inputs: embeddings.values)
    let divergences = (0..<rows).map { row in
      let range = row * classes..<(row + 1) * classes
      return mean(outputs[range], logits.values[range], gradient: nil)
    }
    let count = rows - Int(Self.trimmedShare * Double(rows))
    let order = (0..<rows).sorted { (divergences[$0], $0) < (divergences[$1], $1) }
    return order.prefix(count).sorted()
  }

  /// `[rows × classes]`: what a head says of embeddings `[rows × D]`.
  private func outputs(_ point: [Double], inputs: [Float]) -> [Float] {
    let (features, classes) = (start.shape[1], start.shape[0])
    let (rows, split) = (inputs.count / features, classes * features)
    var outputs = (0..<rows).flatMap { _ in point[split...].map { Float($0) } }
    cs_sgemm_general(
      0, 1, Int32(rows), Int32(classes), Int32(features), 1, inputs, Int32(features),
      point[..<split].map { Float($0) }, Int32(features), 1, &outputs, Int32(classes))
    return outputs
  }

  private func mean(
    _ outputs: ArraySlice<Float>, _ targets: ArraySlice<Float>,
    gradient: UnsafeMutableBufferPointer<Float>?
  ) -> Double {
    let classes = start.shape[0]
    return outputs.withUnsafeBufferPointer { student in
      targets.withUnsafeBufferPointer { teacher in
        let loss = try? divergence.evaluate(
          student: student, teacher: teacher, rows: student.count / classes, classes: classes,
          gradient: gradient)
        return Double(loss ?? .infinity)
      }
    }
  }

  private func evaluate(
    _ point: [Double], gradient: inout [Double], inputs: [Float], targets: [Float]
  ) -> Double {
    let (features, classes) = (start.shape[1], start.shape[0])
    let (rows, split) = (inputs.count / features, classes * features)
    let outputs = outputs(point, inputs: inputs)
    var slopes = [Float](repeating: 0, count: outputs.count)
    var value = slopes.withUnsafeMutableBufferPointer {
      mean(outputs[...], targets[...], gradient: $0)
    }
    var weightGradient = [Float](repeating: 0, count: split)
    cs_sgemm_general(
      1, 0, Int32(classes), Int32(features), Int32(rows), 1, slopes, Int32(classes),
      inputs, Int32(features), 0, &weightGradient, Int32(features))
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

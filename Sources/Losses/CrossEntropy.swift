import Foundation

/// The cross entropy of a softmax with labels, and its gradient.
///
///     loss = 1/N Σₙ Σ_c −q(n, c) log softmax(zₙ)_c
///
/// `q` is 1 at the label, or with label smoothing ε: `1 − ε + ε/C` there and `ε/C` elsewhere
/// (Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision", section 7).
public struct CrossEntropy: Sendable, Equatable {
  /// ε, from 0 to below 1.
  public let labelSmoothing: Float

  /// The loss with or without label smoothing.
  /// - Throws: `LossError.parameter` where `labelSmoothing` is not in `0..<1`.
  public init(labelSmoothing: Float = 0) throws(LossError) {
    guard labelSmoothing >= 0, labelSmoothing < 1 else {
      throw .parameter(
        name: "label smoothing", expected: "of 0 to below 1", found: labelSmoothing)
    }
    self.labelSmoothing = labelSmoothing
  }

  /// The loss of logits `[N × classes]`, row-major, and where asked its gradient.
  /// - Parameters:
  ///   - labels: The true class of each row, N of them.
  ///   - weight: What the gradient, not the loss, is multiplied with.
  ///   - gradient: Where ∂loss/∂logits goes, `[N × classes]`.
  ///   - accumulates: Whether the gradient is added to what stands there.
  /// - Returns: The loss, without the weight; not finite where a logit is not.
  /// - Throws: `LossError` where sizes do not fit or a label is no class.
  public func evaluate(
    _ logits: UnsafeBufferPointer<Float>, labels: [Int], classes: Int, weight: Float = 1,
    gradient: UnsafeMutableBufferPointer<Float>? = nil, accumulates: Bool = false
  ) throws(LossError) -> Float {
    let rows = labels.count
    try LossCheck.sides(rows: rows, columns: classes)
    try LossCheck.count("the logits", logits.count, rows: rows, columns: classes)
    try LossCheck.count("the gradient", gradient?.count, rows: rows, columns: classes)
    if let row = labels.firstIndex(where: { $0 < 0 || $0 >= classes }) {
      throw .label(row: row, classes: classes, found: labels[row])
    }
    guard let logits = logits.baseAddress else {
      throw .shape(name: "the logits", expected: "\(rows)×\(classes) values", found: "none")
    }
    let share = labelSmoothing / Float(classes)
    let factor = weight / Float(rows)
    var total = 0.0
    for (row, label) in labels.enumerated() {
      let line = logits + row * classes
      let normaliser = RowArithmetic.logSumExp(line, times: 1, classes)
      var loss = Double(1 - labelSmoothing) * (Double(normaliser) - Double(line[label]))
      if share > 0 {
        for index in 0..<classes {
          loss += Double(share) * (Double(normaliser) - Double(line[index]))
        }
      }
      total += loss
      guard let target = gradient?.baseAddress else { continue }
      for index in 0..<classes {
        let truth = share + (index == label ? 1 - labelSmoothing : 0)
        let value = factor * (exp(line[index] - normaliser) - truth)
        let place = row * classes + index
        target[place] = accumulates ? target[place] + value : value
      }
    }
    return Float(total / Double(rows))
  }
}

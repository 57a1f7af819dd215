import COpenBLAS
import Foundation

/// The normalised temperature-scaled cross entropy of contrastive learning (Chen et al. 2020, "A
/// Simple Framework for Contrastive Learning of Visual Representations", equation 1), with its
/// gradients.
///
/// Rows i of `a` and of `b` are two views of one picture. With the 2N rows `z = [a; b]`:
///
///     u = z / ‖z‖,  s(i, j) = uᵢ·uⱼ / τ
///     loss = 1/2N Σᵢ [log Σ_{j≠i} exp s(i, j) − s(i, p(i))],  p(i) the other view of i
///
/// Matrix products go through OpenBLAS on as many threads as the caller has set.
public struct NTXent: Sendable, Equatable {
  /// τ, above 0.
  public let temperature: Float

  /// The loss with a temperature.
  /// - Throws: `LossError.parameter` where it is not above 0.
  public init(temperature: Float = 0.5) throws(LossError) {
    try LossCheck.temperature(temperature)
    self.temperature = temperature
  }

  /// The loss of two matrices `[rows × features]`, row-major, and the gradients that are asked for.
  ///
  /// A matrix is frozen by not asking for its gradient; it still stands in every softmax. A row of
  /// zeros has the cosine 0 with every row, and the gradient 0.
  /// - Parameters:
  ///   - weight: What the gradients, not the loss, are multiplied with.
  ///   - gradientA: Where ∂loss/∂a goes, `[rows × features]`, before normalisation.
  ///   - gradientB: Where ∂loss/∂b goes.
  ///   - accumulates: Whether the gradients are added to what stands there.
  ///   - workspace: Memory to work in, used by nobody else meanwhile.
  /// - Returns: The loss, without the weight; not finite where an embedding is not.
  /// - Throws: `LossError.shape` where a matrix does not have `rows × features` values.
  public func evaluate(
    _ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>, rows: Int, features: Int,
    weight: Float = 1, gradientA: UnsafeMutableBufferPointer<Float>? = nil,
    gradientB: UnsafeMutableBufferPointer<Float>? = nil, accumulates: Bool = false,
    workspace: NTXentWorkspace
  ) throws(LossError) -> Float {
    try NTXentWorkspace.check(rows: rows, features: features)
    try LossCheck.count("a", a.count, rows: rows, columns: features)
    try LossCheck.count("b", b.count, rows: rows, columns: features)
    try LossCheck.count("the gradient of a", gradientA?.count, rows: rows, columns: features)
    try LossCheck.count("the gradient of b", gradientB?.count, rows: rows, columns: features)
    workspace.reserve(rows: rows, features: features)
    guard let a = a.baseAddress, let b = b.baseAddress,
      let pass = NTXentPass(rows: rows, features: features, workspace: workspace)
    else {
      throw .shape(name: "a and b", expected: "\(rows)×\(features) values", found: "none")
    }
    pass.normalise(a, from: 0)
    pass.normalise(b, from: rows)
    pass.compare(temperature: temperature)
    let loss = pass.softmax(keepsProbabilities: gradientA != nil || gradientB != nil)

    let factor = weight / (temperature * Float(2 * rows))
    let wanted = (gradientA == nil ? rows : 0)..<(gradientB == nil ? rows : 2 * rows)
    if !wanted.isEmpty { pass.differentiate(wanted) }
    if let target = gradientA?.baseAddress {
      pass.write(from: 0, factor: factor, into: target, accumulates: accumulates)
    }
    if let target = gradientB?.baseAddress {
      pass.write(from: rows, factor: factor, into: target, accumulates: accumulates)
    }
    return loss
  }
}

/// The steps of one evaluation, all in the memory of a workspace.
private struct NTXentPass {
  private let rows: Int
  private let features: Int
  private let units: UnsafeMutablePointer<Float>
  private let matrix: UnsafeMutablePointer<Float>
  private let gradients: UnsafeMutablePointer<Float>
  private let inverseNorms: UnsafeMutablePointer<Float>

  /// Nil only where the workspace has no memory, which it has after `reserve`.
  init?(rows: Int, features: Int, workspace: NTXentWorkspace) {
    guard let units = workspace.units.values.baseAddress,
      let matrix = workspace.similarities.values.baseAddress,
      let gradients = workspace.gradients.values.baseAddress,
      let inverseNorms = workspace.norms.values.baseAddress
    else { return nil }
    self.rows = rows
    self.features = features
    self.units = units
    self.matrix = matrix
    self.gradients = gradients
    self.inverseNorms = inverseNorms
  }

  private var samples: Int { 2 * rows }

  func normalise(_ source: UnsafePointer<Float>, from first: Int) {
    for row in 0..<rows {
      let line = source + row * features
      let inverse = RowArithmetic.inverseNorm(line, features)
      inverseNorms[first + row] = inverse
      RowArithmetic.scale(
        line, by: inverse, into: units + (first + row) * features, features)
    }
  }

  /// `matrix = U · Uᵀ / τ`.
  func compare(temperature: Float) {
    let width = Int32(features)
    cs_sgemm_general(
      0, 1, Int32(samples), Int32(samples), width, 1 / temperature, units, width,
      units, width, 0, matrix, Int32(samples))
  }

  /// The loss. Where asked, each row of the matrix becomes its softmax, less 1 at the positive.
  func softmax(keepsProbabilities: Bool) -> Float {
    var total = 0.0
    for row in 0..<samples {
      let line = matrix + row * samples
      let positive = row < rows ? row + rows : row - rows
      let similarity = line[positive]
      line[row] = -.infinity  // the sample itself is no candidate
      let normaliser = RowArithmetic.logSumExp(line, times: 1, samples)
      total += Double(normaliser) - Double(similarity)
      guard keepsProbabilities else { continue }
      for column in 0..<samples { line[column] = exp(line[column] - normaliser) }
      line[positive] -= 1
    }
    return Float(total / Double(samples))
  }

  /// `unitGradients = (M + Mᵀ) · U` in some rows: a row pulls at its own embedding and, as a
  /// candidate of the others, at theirs.
  func differentiate(_ wanted: Range<Int>) {
    for row in 0..<samples {
      for column in 0..<row {
        let sum = matrix[row * samples + column] + matrix[column * samples + row]
        matrix[row * samples + column] = sum
        matrix[column * samples + row] = sum
      }
    }
    let width = Int32(features)
    cs_sgemm_general(
      0, 0, Int32(wanted.count), width, Int32(samples), 1,
      matrix + wanted.lowerBound * samples, Int32(samples), units, width, 0,
      gradients + wanted.lowerBound * features, width)
  }

  /// Through the normalisation: `∂z = (∂u − (∂u·u) u) / ‖z‖`.
  func write(
    from first: Int, factor: Float, into target: UnsafeMutablePointer<Float>, accumulates: Bool
  ) {
    for row in 0..<rows {
      let unit = units + (first + row) * features
      let gradient = gradients + (first + row) * features
      let scale = factor * inverseNorms[first + row]
      let along = RowArithmetic.dot(gradient, unit, features)
      RowArithmetic.combine(
        gradient, scale, unit, -along * scale, into: target + row * features, features,
        accumulates: accumulates)
    }
  }
}

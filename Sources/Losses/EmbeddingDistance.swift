/// The mean cosine distance of rows, and its gradient for the student; the teacher is frozen.
///
///     loss = 1/N Σₙ (1 − cos(sₙ, tₙ))
///
/// A row of zeros on either side has the distance 1 and the gradient 0.
public struct CosineDistance: Sendable, Equatable {
  /// The distance.
  public init() {}

  /// The distance of embeddings `[rows × features]`, row-major, and where asked its gradient.
  /// - Parameters:
  ///   - weight: What the gradient, not the loss, is multiplied with.
  ///   - gradient: Where ∂loss/∂student goes, `[rows × features]`, before normalisation.
  ///   - accumulates: Whether the gradient is added to what stands there.
  /// - Returns: The loss, without the weight; not finite where an embedding is not.
  /// - Throws: `LossError.shape` where sizes do not fit.
  public func evaluate(
    student: UnsafeBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>, rows: Int,
    features: Int, weight: Float = 1, gradient: UnsafeMutableBufferPointer<Float>? = nil,
    accumulates: Bool = false
  ) throws(LossError) -> Float {
    let pair = try EmbeddingPair(student, teacher, rows, features, gradient)
    var total = 0.0
    for row in 0..<rows {
      let cosine = pair.cosine(row)
      total += 1 - Double(cosine.value)
      if let gradient {
        pair.pull(
          row, cosine, by: weight / Float(rows), into: gradient, accumulates: accumulates)
      }
    }
    return Float(total / Double(rows))
  }
}

/// The mean squared error of rows brought to norm 1, and its gradient for the student; the teacher is
/// frozen.
///
///     loss = 1/(N·D) Σₙ ‖sₙ/‖sₙ‖ − tₙ/‖tₙ‖‖²
///
/// the mean over all elements, as `torch.nn.MSELoss` has it. It is `2/D` times the cosine distance
/// but for rows of zeros, which stay zeros and have the gradient 0.
public struct MeanSquaredError: Sendable, Equatable {
  /// The error.
  public init() {}

  /// The error of embeddings `[rows × features]`, row-major, and where asked its gradient.
  /// - Parameters:
  ///   - weight: What the gradient, not the loss, is multiplied with.
  ///   - gradient: Where ∂loss/∂student goes, `[rows × features]`, before normalisation.
  ///   - accumulates: Whether the gradient is added to what stands there.
  /// - Returns: The loss, without the weight; not finite where an embedding is not.
  /// - Throws: `LossError.shape` where sizes do not fit.
  public func evaluate(
    student: UnsafeBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>, rows: Int,
    features: Int, weight: Float = 1, gradient: UnsafeMutableBufferPointer<Float>? = nil,
    accumulates: Bool = false
  ) throws(LossError) -> Float {
    let pair = try EmbeddingPair(student, teacher, rows, features, gradient)
    let count = Float(rows) * Float(features)
    var total = 0.0
    for row in 0..<rows {
      let cosine = pair.cosine(row)
      // ‖u − v‖² = ‖u‖² + ‖v‖² − 2 u·v, where the norms are 1, or 0 for a row of zeros.
      let norms = (cosine.inverseStudent == 0 ? 0 : 1) + (cosine.inverseTeacher == 0 ? 0 : 1)
      total += Double(norms) - 2 * Double(cosine.value)
      if let gradient {
        pair.pull(row, cosine, by: 2 * weight / count, into: gradient, accumulates: accumulates)
      }
    }
    return Float(total / Double(count))
  }
}

/// Rows of a student beside those of its teacher.
private struct EmbeddingPair {
  struct Cosine {
    var value: Float
    var inverseStudent: Float
    var inverseTeacher: Float
  }

  private let student: UnsafePointer<Float>
  private let teacher: UnsafePointer<Float>
  private let features: Int

  init(
    _ student: UnsafeBufferPointer<Float>, _ teacher: UnsafeBufferPointer<Float>, _ rows: Int,
    _ features: Int, _ gradient: UnsafeMutableBufferPointer<Float>?
  ) throws(LossError) {
    try LossCheck.sides(rows: rows, columns: features)
    try LossCheck.count("the student", student.count, rows: rows, columns: features)
    try LossCheck.count("the teacher", teacher.count, rows: rows, columns: features)
    try LossCheck.count("the gradient", gradient?.count, rows: rows, columns: features)
    guard let student = student.baseAddress, let teacher = teacher.baseAddress else {
      throw .shape(name: "embeddings", expected: "\(rows)×\(features) values", found: "none")
    }
    self.student = student
    self.teacher = teacher
    self.features = features
  }

  func cosine(_ row: Int) -> Cosine {
    let (s, t) = (student + row * features, teacher + row * features)
    let inverseStudent = RowArithmetic.inverseNorm(s, features)
    let inverseTeacher = RowArithmetic.inverseNorm(t, features)
    // Each factor by itself: the product of two small inverses could overflow.
    let value = RowArithmetic.dot(s, t, features) * inverseStudent * inverseTeacher
    return Cosine(value: value, inverseStudent: inverseStudent, inverseTeacher: inverseTeacher)
  }

  /// The gradient of `−factor · cos`: `−factor (t/‖t‖ − cos · s/‖s‖) / ‖s‖`.
  func pull(
    _ row: Int, _ cosine: Cosine, by factor: Float,
    into gradient: UnsafeMutableBufferPointer<Float>, accumulates: Bool
  ) {
    guard let target = gradient.baseAddress else { return }
    let scale = factor * cosine.inverseStudent
    RowArithmetic.combine(
      teacher + row * features, -scale * cosine.inverseTeacher,
      student + row * features, scale * cosine.value * cosine.inverseStudent,
      into: target + row * features, features, accumulates: accumulates)
  }
}

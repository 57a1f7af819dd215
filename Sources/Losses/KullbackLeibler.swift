import Foundation

/// The Kullback–Leibler divergence between the softmax of a student's logits and that of a teacher's,
/// both at one temperature, and its gradient for the student; the teacher is frozen.
///
///     p = softmax(student / T), q = softmax(teacher / T)
///     studentFromTeacher: loss = 1/N Σₙ Σ_c p log(p / q)
///     teacherFromStudent: loss = 1/N Σₙ Σ_c q log(q / p)
///
/// As BCU distils (Pang et al. 2023, "Backdoor Cleansing with Unlabeled Data"): the mean over the
/// batch, without the factor T² that Hinton et al. (2015) add.
public struct KullbackLeibler: Sendable, Equatable {
  /// Which distribution the expectation is taken over.
  public enum Direction: Sendable, Equatable {
    /// KL(student ‖ teacher): the student avoids what the teacher excludes.
    case studentFromTeacher
    /// KL(teacher ‖ student), what `torch.nn.KLDivLoss` computes from the student's log softmax.
    case teacherFromStudent
  }

  /// T, above 0.
  public let temperature: Float
  /// Which distribution the expectation is taken over.
  public let direction: Direction

  /// The divergence at a temperature.
  /// - Throws: `LossError.parameter` where the temperature is not above 0.
  public init(
    temperature: Float = 1, direction: Direction = .studentFromTeacher
  ) throws(LossError) {
    try LossCheck.temperature(temperature)
    self.temperature = temperature
    self.direction = direction
  }

  /// The divergence of logits `[rows × classes]`, row-major, and where asked its gradient.
  /// - Parameters:
  ///   - weight: What the gradient, not the loss, is multiplied with.
  ///   - gradient: Where ∂loss/∂student goes, `[rows × classes]`.
  ///   - accumulates: Whether the gradient is added to what stands there.
  /// - Returns: The loss, without the weight; not finite where a logit is not.
  /// - Throws: `LossError.shape` where sizes do not fit.
  public func evaluate(
    student: UnsafeBufferPointer<Float>, teacher: UnsafeBufferPointer<Float>, rows: Int,
    classes: Int, weight: Float = 1, gradient: UnsafeMutableBufferPointer<Float>? = nil,
    accumulates: Bool = false
  ) throws(LossError) -> Float {
    try LossCheck.sides(rows: rows, columns: classes)
    try LossCheck.count("the student's logits", student.count, rows: rows, columns: classes)
    try LossCheck.count("the teacher's logits", teacher.count, rows: rows, columns: classes)
    try LossCheck.count("the gradient", gradient?.count, rows: rows, columns: classes)
    guard let student = student.baseAddress, let teacher = teacher.baseAddress else {
      throw .shape(name: "the logits", expected: "\(rows)×\(classes) values", found: "none")
    }
    let inverse = 1 / temperature
    let factor = weight * inverse / Float(rows)
    var total = 0.0
    for row in 0..<rows {
      let pupil = Distribution(student + row * classes, inverse, classes)
      let master = Distribution(teacher + row * classes, inverse, classes)
      let divergence =
        switch direction {
        case .studentFromTeacher: pupil.divergence(from: master)
        case .teacherFromStudent: master.divergence(from: pupil)
        }
      total += divergence
      guard let target = gradient?.baseAddress else { continue }
      for index in 0..<classes {
        let ratio = pupil.log(index) - master.log(index)
        let slope =
          switch direction {
          case .studentFromTeacher: exp(pupil.log(index)) * (ratio - Float(divergence))
          case .teacherFromStudent: exp(pupil.log(index)) - exp(master.log(index))
          }
        let place = row * classes + index
        target[place] = (accumulates ? target[place] : 0) + factor * slope
      }
    }
    return Float(total / Double(rows))
  }
}

/// A row of logits as a distribution; nothing is stored but the normaliser.
private struct Distribution {
  private let logits: UnsafePointer<Float>
  private let inverse: Float
  private let normaliser: Float
  private let classes: Int

  init(_ logits: UnsafePointer<Float>, _ inverse: Float, _ classes: Int) {
    self.logits = logits
    self.inverse = inverse
    self.classes = classes
    normaliser = RowArithmetic.logSumExp(logits, times: inverse, classes)
  }

  /// The logarithm of a class's probability.
  func log(_ index: Int) -> Float { inverse * logits[index] - normaliser }

  func divergence(from other: Distribution) -> Double {
    var sum = 0.0
    for index in 0..<classes {
      sum += Double(exp(log(index))) * (Double(log(index)) - Double(other.log(index)))
    }
    return sum
  }
}

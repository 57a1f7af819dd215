import COpenBLAS
import Tensors

/// A linear classifier on frozen features, to measure what they say: multinomial logistic regression
/// on features standardised by the training data, with L2 regularisation, fitted to convergence.
///
/// The same features and labels give the same probe; only another number of OpenBLAS threads may
/// change last digits. Full batches: 50,000 rows of 512 features take 200 MB.
public struct LinearProbe: Sendable, Equatable {
  /// How features are brought to one scale before fitting; their means are taken off either way.
  public enum Scaling: Sendable, Equatable {
    /// Each feature to variance 1. Good accuracy without care, but features that hardly vary on
    /// clean pictures, and a trigger may use just those, count as much as the others.
    case perFeature
    /// All features by one factor, to a mean variance of 1.
    case overall
  }

  /// How a probe is fitted.
  public struct Options: Sendable, Equatable {
    /// λ of the penalty λ/2 ‖W‖² beside the mean cross entropy; biases are free. scikit-learn's
    /// `C` is `1 / (N·λ)`.
    public var regularization: Double
    /// How features are scaled.
    public var scaling: Scaling
    /// Steps at most; more data may need more.
    public var maximumIterations: Int
    /// The largest component of the gradient at which fitting stops.
    public var tolerance: Double

    /// Options of fitting.
    public init(
      regularization: Double = 0.1, scaling: Scaling = .perFeature, maximumIterations: Int = 300,
      tolerance: Double = 1e-4
    ) {
      self.regularization = regularization
      self.scaling = scaling
      self.maximumIterations = maximumIterations
      self.tolerance = tolerance
    }
  }

  /// The number of classes, C.
  public let classes: Int
  /// The number of features, D.
  public let features: Int
  /// `[C × D]`, row-major, for features as they come: standardisation is folded in.
  public let weights: [Float]
  /// One for each class.
  public let biases: [Float]
  /// Steps that fitting took.
  public let iterations: Int
  /// Whether it stopped by itself; false where the steps ran out.
  public let converged: Bool

  /// Fits a probe to features `[N × D]` and their labels, `0..<classes`. Classes without an example
  /// are allowed.
  /// - Throws: `ProbeError` where sizes do not fit, a label is no class, a feature is not finite or
  ///   an option is out of range.
  public init(
    fitting rows: Tensor, labels: [Int], classes: Int, options: Options = Options()
  ) throws(ProbeError) {
    guard rows.shape.count == 2, rows.shape[0] == labels.count, rows.count > 0 else {
      throw .shape(expected: "[\(labels.count), D] features, not empty", found: rows.shape)
    }
    guard classes > 0, classes <= 1 << 20 else {
      throw .option(name: "number of classes", expected: "of 1 to 2²⁰", found: "\(classes)")
    }
    guard options.regularization >= 0, options.regularization.isFinite else {
      throw .option(
        name: "regularization", expected: "of 0 or more", found: "\(options.regularization)")
    }
    if let row = labels.firstIndex(where: { $0 < 0 || $0 >= classes }) {
      throw .label(row: row, classes: classes, found: labels[row])
    }
    let columns = rows.shape[1]
    if let bad = rows.values.firstIndex(where: { !$0.isFinite }) {
      throw .notFinite(row: bad / columns)
    }
    let scaling = FeatureScaling(rows.values, columns: columns, options.scaling)
    let objective = LogisticObjective(
      features: scaling.standardised(rows.values), labels: labels, columns: columns,
      classes: classes, regularization: options.regularization)
    var point = [Double](repeating: 0, count: objective.variables)
    let search = LBFGS(
      maximumIterations: options.maximumIterations, tolerance: options.tolerance)
    let outcome = search.minimise(&point) { objective.evaluate($0, gradient: &$1) }

    var biases = Array(point[(classes * columns)...])
    for index in 0..<classes {
      for column in 0..<columns {
        point[index * columns + column] *= scaling.factors[column]
        biases[index] -= point[index * columns + column] * scaling.means[column]
      }
    }
    self.classes = classes
    features = columns
    weights = point.prefix(classes * columns).map { Float($0) }
    self.biases = biases.map { Float($0) }
    iterations = outcome.iterations
    converged = outcome.converged
  }

  /// The logits `[N × C]` of features `[N × D]`.
  /// - Throws: `ProbeError.shape` where they have another number of columns than the probe.
  public func logits(_ rows: Tensor) throws -> Tensor {
    guard rows.shape.count == 2, rows.shape[1] == features else {
      throw ProbeError.shape(expected: "[N, \(features)] features", found: rows.shape)
    }
    let count = rows.shape[0]
    var values: [Float] = []
    values.reserveCapacity(count * classes)
    for _ in 0..<count { values += biases }
    if count > 0 {
      cs_sgemm_general(
        0, 1, Int32(count), Int32(classes), Int32(features), 1, rows.values, Int32(features),
        weights, Int32(features), 1, &values, Int32(classes))
    }
    return try Tensor(shape: [count, classes], values: values)
  }

  /// The class of each row of features `[N × D]`; the first of equals.
  /// - Throws: `ProbeError.shape` where they have another number of columns than the probe.
  public func predict(_ rows: Tensor) throws -> [Int] {
    let logits = try logits(rows)
    return (0..<rows.shape[0]).map { row in
      let line = logits.values[(row * classes)..<((row + 1) * classes)]
      // `max(by:)` would return the last of equals.
      var best = line.startIndex
      for index in line.indices where line[index] > line[best] { best = index }
      return best - line.startIndex
    }
  }
}

/// Why a probe cannot be fitted or asked.
public enum ProbeError: Error, Equatable, CustomStringConvertible {
  /// The features have another shape.
  case shape(expected: String, found: [Int])
  /// A label is not the number of a class.
  case label(row: Int, classes: Int, found: Int)
  /// A feature is infinite or not a number.
  case notFinite(row: Int)
  /// An option is out of range.
  case option(name: String, expected: String, found: String)

  /// One line: what was expected and what was found.
  public var description: String {
    switch self {
    case .shape(let expected, let found): "expected \(expected), found the shape \(found)"
    case .label(let row, let classes, let found):
      "expected a label of 0 to \(classes - 1) in row \(row), found \(found)"
    case .notFinite(let row): "expected finite features, found others in row \(row)"
    case .option(let name, let expected, let found):
      "expected a \(name) \(expected), found \(found)"
    }
  }
}

import Tensors

/// The memory `NTXent` works in. Calls with the same sizes, or smaller ones, allocate nothing.
///
/// One call at a time may use a workspace.
public final class NTXentWorkspace {
  /// The normalised rows of both matrices, `[2N × D]`.
  private(set) var units = FloatBuffer(count: 0)
  /// Similarities, then probabilities, `[2N × 2N]`.
  private(set) var similarities = FloatBuffer(count: 0)
  /// Gradients of the normalised rows, `[2N × D]`.
  private(set) var gradients = FloatBuffer(count: 0)
  /// One over the norm of each row, `[2N]`.
  private(set) var norms = FloatBuffer(count: 0)

  /// An empty workspace; the first call makes it large enough.
  public init() {}

  /// A workspace large enough for two matrices of `rows` × `features`.
  /// - Throws: `LossError.shape` where a side is below 1 or above 16384 rows or 2²⁰ features.
  public init(rows: Int, features: Int) throws(LossError) {
    try Self.check(rows: rows, features: features)
    reserve(rows: rows, features: features)
  }

  /// The bytes held.
  public var byteCount: Int {
    [units, similarities, gradients, norms].reduce(0) { $0 + $1.count * 4 }
  }

  /// The similarities grow with the square of the rows: 4 GiB at the limit.
  static func check(rows: Int, features: Int) throws(LossError) {
    guard (1...16384).contains(rows), (1...(1 << 20)).contains(features) else {
      throw .shape(
        name: "a matrix of embeddings", expected: "1 to 16384 rows and 1 to 2²⁰ features",
        found: "\(rows)×\(features)")
    }
  }

  func reserve(rows: Int, features: Int) {
    let samples = 2 * rows
    if units.count < samples * features {
      units = FloatBuffer(count: samples * features)
      gradients = FloatBuffer(count: samples * features)
    }
    if similarities.count < samples * samples {
      similarities = FloatBuffer(count: samples * samples)
      norms = FloatBuffer(count: samples)
    }
  }
}

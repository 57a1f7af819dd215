import Tensors

/// Embeddings brought to norm 1; a row of zeros stays one and has the cosine 0 with every row.
struct UnitRows {
  let rows: Int
  let columns: Int
  private(set) var values: [Float]

  /// - Throws: `EvidenceError` where the tensor is not `[N × D]`, empty or not finite.
  init(_ embeddings: Tensor) throws(EvidenceError) {
    guard embeddings.shape.count == 2, embeddings.count > 0 else {
      throw .shape(expected: "[N, D] embeddings, not empty", found: embeddings.shape)
    }
    self.init(
      embeddings.values, rows: embeddings.shape[0], columns: embeddings.shape[1],
      shortest: 0)
    if let bad = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(row: bad / columns) }
  }

  /// - Parameter shortest: Rows of this norm or below become zeros.
  private init(_ values: [Float], rows: Int, columns: Int, shortest: Double) {
    self.rows = rows
    self.columns = columns
    self.values = values
    for row in 0..<rows {
      let range = (row * columns)..<((row + 1) * columns)
      var square = 0.0
      for index in range { square += Double(values[index]) * Double(values[index]) }
      let norm = square.squareRoot()
      let factor = norm > shortest || norm.isNaN ? 1 / norm : 0
      for index in range { self.values[index] = Float(Double(values[index]) * factor) }
    }
  }

  /// The directions in which rows moved from their place in `start`; zeros where one stayed.
  func directions(from start: UnitRows) -> UnitRows {
    let moved = zip(values, start.values).map { $0 - $1 }
    // f32 embeddings of the same picture in another batch may differ by rounding: no direction.
    return UnitRows(moved, rows: rows, columns: columns, shortest: 1e-5)
  }

  /// The mean of `1 − cos` of each row and the same row of others.
  func meanCosineDistance(to other: UnitRows) -> Double {
    var sum = 0.0
    for index in values.indices { sum += Double(values[index]) * Double(other.values[index]) }
    return 1 - sum / Double(rows)
  }

  /// The mean cosine over all pairs of two different rows, rows of zeros left out; 0 without a pair.
  /// `(‖Σu‖² − Σ‖u‖²) / (n (n − 1))`.
  var meanPairwiseCosine: Double {
    var sum = [Double](repeating: 0, count: columns)
    var squares = 0.0
    var count = 0
    for row in 0..<rows {
      let before = squares
      for column in 0..<columns {
        let value = Double(values[row * columns + column])
        sum[column] += value
        squares += value * value
      }
      if squares > before { count += 1 }
    }
    guard count > 1 else { return 0 }
    let whole = sum.reduce(0) { $0 + $1 * $1 }
    return (whole - squares) / (Double(count) * Double(count - 1))
  }
}

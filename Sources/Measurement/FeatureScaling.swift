/// Mean 0 and variance 1 for the features of the training data, each by itself or all together.
struct FeatureScaling {
  /// The mean of each feature.
  var means: [Double]
  /// One over the standard deviation; 0 for a feature that does not vary, which says nothing.
  var factors: [Double]

  init(_ values: [Float], columns: Int, _ scaling: LinearProbe.Scaling) {
    let rows = values.count / columns
    means = [Double](repeating: 0, count: columns)
    var squares = means
    for (index, value) in values.enumerated() { means[index % columns] += Double(value) }
    for column in 0..<columns { means[column] /= Double(rows) }
    for (index, value) in values.enumerated() {
      let difference = Double(value) - means[index % columns]
      squares[index % columns] += difference * difference
    }
    let deviations = squares.map { ($0 / Double(rows)).squareRoot() }
    let varies = zip(deviations, means).map { $0 > 1e-6 * abs($1) && $0 > 0 }
    switch scaling {
    case .perFeature:
      factors = zip(deviations, varies).map { $1 ? 1 / $0 : 0 }
    case .overall:
      let deviation = (squares.reduce(0, +) / Double(rows * columns)).squareRoot()
      factors = varies.map { $0 ? 1 / deviation : 0 }
    }
  }

  func standardised(_ values: [Float]) -> [Float] {
    let columns = means.count
    return values.enumerated().map { index, value in
      Float((Double(value) - means[index % columns]) * factors[index % columns])
    }
  }
}

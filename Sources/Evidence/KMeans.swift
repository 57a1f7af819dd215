import Tensors

/// Lloyd's k-means with the start of k-means++ (Arthur and Vassilvitskii 2007), the best of some
/// starts. The same points and seed give the same clusters.
public struct KMeans: Sendable, Equatable {
  /// The centres, `[k × D]`; fewer than asked for where there are fewer different points.
  public let centroids: Tensor
  /// The cluster of each point.
  public let assignments: [Int]
  /// `Σ ‖x − c(x)‖²`.
  public let inertia: Double

  /// Clusters points `[N × D]`.
  /// - Throws: `EvidenceError` where the points are not a matrix, empty or not finite, or an option
  ///   is below 1.
  public init(
    clustering points: Tensor, clusters: Int = 10, seed: UInt64, starts: Int = 4,
    maximumIterations: Int = 100
  ) throws {
    guard points.shape.count == 2, points.count > 0 else {
      throw EvidenceError.shape(expected: "[N, D] points, not empty", found: points.shape)
    }
    for (name, value) in [
      ("number of clusters", clusters), ("number of starts", starts),
      ("number of iterations", maximumIterations),
    ] where value < 1 {
      throw EvidenceError.option(name: name, expected: "of 1 or more", found: value)
    }
    let columns = points.shape[1]
    if let bad = points.values.firstIndex(where: { !$0.isFinite }) {
      throw EvidenceError.notFinite(row: bad / columns)
    }
    var best: Clustering?
    for start in 0..<starts {
      var random = SeededRandom(seed, UInt64(start))
      var clustering = Clustering(points, clusters: clusters, random: &random)
      clustering.settle(maximumIterations: maximumIterations)
      // Only a better start replaces an earlier one, so that ties fall alike everywhere.
      if clustering.inertia < best?.inertia ?? .infinity { best = clustering }
    }
    let found = best ?? Clustering(centroids: [], columns: columns)
    centroids = try Tensor(
      shape: [found.centroids.count / columns, columns], values: found.centroids)
    assignments = found.assignments
    inertia = found.inertia
  }

  /// The nearest centre of each point of `[N × D]`; the first of equals.
  /// - Throws: `EvidenceError.shape` where D is another.
  public func nearest(_ points: Tensor) throws(EvidenceError) -> [Int] {
    guard points.shape.count == 2, points.shape[1] == centroids.shape[1] else {
      throw .shape(expected: "[N, \(centroids.shape[1])] points", found: points.shape)
    }
    var clustering = Clustering(centroids: centroids.values, columns: centroids.shape[1])
    clustering.assign(points.values)
    return clustering.assignments
  }
}

/// Centres with the points that belong to them.
private struct Clustering {
  private let columns: Int
  private var points: [Float] = []
  private(set) var centroids: [Float]
  private(set) var assignments: [Int] = []
  private(set) var inertia = Double.infinity

  init(centroids: [Float], columns: Int) {
    self.centroids = centroids
    self.columns = columns
  }

  /// The start of k-means++: each next centre is a point, drawn with a probability that grows with
  /// the square of its distance from the centres so far.
  init(_ tensor: Tensor, clusters: Int, random: inout SeededRandom) {
    columns = tensor.shape[1]
    points = tensor.values
    let rows = tensor.shape[0]
    centroids = []
    var distances = [Float](repeating: .infinity, count: rows)
    var next: Int? = random.integer(below: rows)
    while let row = next, centroids.count < clusters * columns {
      let first = centroids.count
      centroids += points[(row * columns)..<((row + 1) * columns)]
      var total = 0.0
      for other in 0..<rows {
        distances[other] = min(distances[other], squaredDistance(points, other, first))
        total += Double(distances[other])
      }
      var left = Double(random.uniform()) * total
      next = distances.indices.first { index in
        left -= Double(distances[index])
        return left < 0 && distances[index] > 0
      }
      // Rounding may leave a little of the total; nil where every point is a centre already.
      if next == nil { next = distances.lastIndex { $0 > 0 } }
    }
  }

  mutating func settle(maximumIterations: Int) {
    for _ in 0..<maximumIterations {
      let before = assignments
      assign(points)
      guard assignments != before else { return }
      recentre()
    }
    assign(points)
  }

  mutating func assign(_ points: [Float]) {
    let rows = points.count / columns
    inertia = 0
    assignments = (0..<rows).map { row in
      var (best, least) = (0, Float.infinity)
      for index in 0..<(centroids.count / columns) {
        let distance = squaredDistance(points, row, index * columns)
        if distance < least { (best, least) = (index, distance) }
      }
      inertia += Double(least)
      return best
    }
  }

  /// Moves each centre to the mean of its points; one without points stays.
  private mutating func recentre() {
    var sums = [Double](repeating: 0, count: centroids.count)
    var counts = [Int](repeating: 0, count: centroids.count / columns)
    for (row, cluster) in assignments.enumerated() {
      counts[cluster] += 1
      for column in 0..<columns {
        sums[cluster * columns + column] += Double(points[row * columns + column])
      }
    }
    for (cluster, count) in counts.enumerated() where count > 0 {
      for index in (cluster * columns)..<((cluster + 1) * columns) {
        centroids[index] = Float(sums[index] / Double(count))
      }
    }
  }

  private func squaredDistance(_ points: [Float], _ row: Int, _ centroid: Int) -> Float {
    points.withUnsafeBufferPointer { points in
      centroids.withUnsafeBufferPointer { centroids in
        var sum: Float = 0
        for column in 0..<columns {
          let difference = points[row * columns + column] - centroids[centroid + column]
          sum += difference * difference
        }
        return sum
      }
    }
  }
}

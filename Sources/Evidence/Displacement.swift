import Tensors

/// How the embeddings of pictures move when something is done to the pictures.
///
/// A backdoor shows in that something small moves many pictures far, to one place, whatever they
/// show: all five numbers are high together. An ordinary change of a picture moves embeddings a
/// little, each its own way.
public struct Displacement: Sendable, Equatable, Codable {
  /// The mean of `1 − cos(f(x), f(T(x)))`, `0...2`.
  public var distance: Double
  /// The mean cosine of two moved embeddings less that of two unmoved ones: above 0 where they come
  /// together.
  public var concentration: Double
  /// The mean cosine of the directions `f(T(x))/‖·‖ − f(x)/‖·‖` of two pictures: 1 where all move the
  /// same way, about 0 where each has its own. Pictures that do not move are left out.
  public var directionAgreement: Double
  /// The share of pictures whose nearest cluster of clean embeddings changes, `0...1`.
  public var changedShare: Double
  /// The share of pictures that come to one cluster from others: the largest over clusters, of all
  /// pictures. Like an attack success rate, but without labels.
  public var attractedShare: Double

  /// Given numbers.
  public init(
    distance: Double, concentration: Double, directionAgreement: Double, changedShare: Double,
    attractedShare: Double
  ) {
    self.distance = distance
    self.concentration = concentration
    self.directionAgreement = directionAgreement
    self.changedShare = changedShare
    self.attractedShare = attractedShare
  }

  /// Measures the way from embeddings `[N × D]` to those of the same pictures after the change.
  /// - Parameter clusters: Clusters of clean embeddings, normalised to length 1.
  /// - Throws: `EvidenceError` where shapes differ, there are no rows or values are not finite.
  init(from start: Tensor, to end: Tensor, clusters: KMeans) throws {
    guard start.shape == end.shape else {
      throw EvidenceError.shape(
        expected: "embeddings of the shape \(start.shape)", found: end.shape)
    }
    let (clean, moved) = (try UnitRows(start), try UnitRows(end))
    distance = clean.meanCosineDistance(to: moved)
    concentration = moved.meanPairwiseCosine - clean.meanPairwiseCosine
    directionAgreement = moved.directions(from: clean).meanPairwiseCosine
    let before = try clusters.nearest(Tensor(shape: start.shape, values: clean.values))
    let after = try clusters.nearest(Tensor(shape: start.shape, values: moved.values))
    var arrivals = [Int](repeating: 0, count: clusters.centroids.shape[0])
    for (old, new) in zip(before, after) where old != new { arrivals[new] += 1 }
    let pictures = Double(clean.rows)
    changedShare = Double(arrivals.reduce(0, +)) / pictures
    attractedShare = Double(arrivals.max() ?? 0) / pictures
  }

  /// The mean of each number; nil of nothing.
  static func mean(_ all: [Displacement]) -> Displacement? {
    combine(all) { $0.reduce(0, +) / Double($0.count) }
  }

  /// The largest of each number, which may come from different ones; nil of nothing.
  static func maximum(_ all: [Displacement]) -> Displacement? {
    combine(all) { $0.max() ?? 0 }
  }

  private static func combine(
    _ all: [Displacement], _ body: ([Double]) -> Double
  ) -> Displacement? {
    guard !all.isEmpty else { return nil }
    return Displacement(
      distance: body(all.map(\.distance)), concentration: body(all.map(\.concentration)),
      directionAgreement: body(all.map(\.directionAgreement)),
      changedShare: body(all.map(\.changedShare)),
      attractedShare: body(all.map(\.attractedShare)))
  }
}

import Frames
import Tensors

/// Something that is done to a picture to see how its embedding moves.
public struct EvidenceProbe: Sendable {
  /// Its name, unlike those of other probes.
  public let name: String
  /// The kind it belongs to, such as `patch` or `noise`.
  public let family: String
  /// The changed picture.
  public let transform: @Sendable (FloatImage) throws -> FloatImage

  /// A probe.
  public init(
    name: String, family: String, transform: @escaping @Sendable (FloatImage) throws -> FloatImage
  ) {
    self.name = name
    self.family = family
    self.transform = transform
  }
}

/// Embeddings of pictures and of the contrastive adversarial examples made from them.
public struct ContrastiveEmbeddings: Sendable, Equatable {
  /// Of the pictures, `[N × D]`.
  public var clean: Tensor
  /// Of the adversarial examples in the same order, `[N × D]`.
  public var adversarial: Tensor

  /// Both embeddings.
  public init(clean: Tensor, adversarial: Tensor) {
    self.clean = clean
    self.adversarial = adversarial
  }
}

/// Gathers evidence on a backbone: embeds clean pictures, clusters them, embeds them again with each
/// probe and measures how they moved.
public struct EvidenceCollector: Sendable, Equatable {
  /// Clusters of clean embeddings.
  public var clusters: Int
  /// Decides the clusters.
  public var seed: UInt64
  /// Pictures embedded at a time.
  public var batchSize: Int

  /// A collector.
  public init(clusters: Int = 10, seed: UInt64 = 1, batchSize: Int = 64) {
    self.clusters = clusters
    self.seed = seed
    self.batchSize = batchSize
  }

  /// Gathers evidence.
  /// - Parameters:
  ///   - pictures: Clean pictures, 2 or more; some hundreds say more.
  ///   - contrastive: Embeddings of adversarial examples, where the caller has made some.
  ///   - embed: The backbone: at most `batchSize` pictures in, `[N × D]` out.
  /// - Throws: `EvidenceError` where there are too few pictures, an option is out of range or
  ///   embeddings do not fit; what a probe or `embed` throws.
  public func collect(
    pictures: [FloatImage], probes: [EvidenceProbe], contrastive: ContrastiveEmbeddings? = nil,
    embed: ([FloatImage]) throws -> Tensor
  ) throws -> Evidence {
    guard pictures.count >= 2 else {
      throw EvidenceError.pictures(minimum: 2, found: pictures.count)
    }
    guard batchSize >= 1 else {
      throw EvidenceError.option(name: "batch size", expected: "of 1 or more", found: batchSize)
    }
    let clean = try embedded(pictures, features: nil, { $0 }, embed)
    let units = try UnitRows(clean)
    let groups = try KMeans(
      clustering: Tensor(shape: clean.shape, values: units.values), clusters: clusters, seed: seed)
    let results = try probes.map { probe in
      let moved = try embedded(pictures, features: units.columns, probe.transform, embed)
      return Evidence.Probe(
        name: probe.name, family: probe.family,
        displacement: try Displacement(from: clean, to: moved, clusters: groups))
    }
    let adversarial = try contrastive.map {
      try Displacement(from: $0.clean, to: $0.adversarial, clusters: groups)
    }
    return Evidence(
      pictures: pictures.count, features: units.columns, clusters: groups.centroids.shape[0],
      cleanSimilarity: units.meanPairwiseCosine, probes: results, contrastive: adversarial)
  }

  /// All embeddings `[N × D]`, made batch by batch so that only one batch of changed pictures is
  /// held.
  private func embedded(
    _ pictures: [FloatImage], features: Int?, _ transform: (FloatImage) throws -> FloatImage,
    _ embed: ([FloatImage]) throws -> Tensor
  ) throws -> Tensor {
    var values: [Float] = []
    var columns = features
    for first in stride(from: 0, to: pictures.count, by: batchSize) {
      let batch = pictures[first..<min(first + batchSize, pictures.count)]
      let result = try embed(try batch.map(transform))
      guard result.shape.count == 2, result.shape[0] == batch.count, result.shape[1] > 0,
        columns ?? result.shape[1] == result.shape[1]
      else {
        let width = columns.map(String.init) ?? "D"
        throw EvidenceError.shape(
          expected: "[\(batch.count), \(width)] embeddings", found: result.shape)
      }
      if let bad = result.values.firstIndex(where: { !$0.isFinite }) {
        throw EvidenceError.notFinite(row: first + bad / result.shape[1])
      }
      columns = result.shape[1]
      values += result.values
    }
    return try Tensor(shape: [pictures.count, columns ?? 0], values: values)
  }
}

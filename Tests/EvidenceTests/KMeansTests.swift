import Tensors
import Testing

@testable import Evidence

@Suite struct KMeansTests {
  /// Forty points around each of three corners.
  private func corners(seed: UInt64 = 1) throws -> Tensor {
    var random = SeededRandom(seed)
    let values = (0..<120).flatMap { row -> [Float] in
      let centre: [[Float]] = [[0, 0], [10, 0], [0, 10]]
      return centre[row % 3].map { $0 + 0.3 * random.gaussian() }
    }
    return try Tensor(shape: [120, 2], values: values)
  }

  @Test func findsSeparateGroups() throws {
    let clusters = try KMeans(clustering: corners(), clusters: 3, seed: 5)
    #expect(clusters.centroids.shape == [3, 2])
    let firstThree = clusters.assignments.prefix(3)
    #expect(Set(firstThree).count == 3)
    #expect(
      clusters.assignments.indices.allSatisfy { row in
        clusters.assignments[row] == clusters.assignments[row % 3]
      })
    #expect(clusters.inertia < 120)
    #expect(try clusters.nearest(Tensor(shape: [1, 2], values: [9, 1])) == [firstThree[1]])
  }

  @Test func seedsDecide() throws {
    var random = SeededRandom(3)
    let cloud = try Tensor(shape: [200, 4], values: (0..<800).map { _ in random.gaussian() })
    let first = try KMeans(clustering: cloud, clusters: 8, seed: 1, starts: 1)
    #expect(try KMeans(clustering: cloud, clusters: 8, seed: 1, starts: 1) == first)
    #expect(try KMeans(clustering: cloud, clusters: 8, seed: 2, starts: 1) != first)
    let best = try KMeans(clustering: cloud, clusters: 8, seed: 1, starts: 8)
    #expect(best.inertia <= first.inertia)
  }

  @Test func centresAreMeansOfTheirPoints() throws {
    var random = SeededRandom(4)
    let cloud = try Tensor(shape: [60, 2], values: (0..<120).map { _ in random.gaussian() })
    let clusters = try KMeans(clustering: cloud, clusters: 4, seed: 9)
    for cluster in 0..<4 {
      let members = clusters.assignments.indices.filter { clusters.assignments[$0] == cluster }
      for column in 0..<2 {
        let mean = members.reduce(0) { $0 + cloud.values[$1 * 2 + column] } / Float(members.count)
        #expect(abs(mean - clusters.centroids.values[cluster * 2 + column]) < 1e-5)
      }
    }
    #expect(try clusters.nearest(cloud) == clusters.assignments)
  }

  @Test func fewerPointsThanClusters() throws {
    let twice = try Tensor(shape: [4, 1], values: [1, 5, 1, 5])
    let clusters = try KMeans(clustering: twice, clusters: 10, seed: 1)
    #expect(clusters.centroids.shape == [2, 1])
    #expect(clusters.inertia == 0)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let points = try corners()
    #expect(throws: EvidenceError.self) { try KMeans(clustering: points, clusters: 0, seed: 1) }
    #expect(throws: EvidenceError.notFinite(row: 1)) {
      try KMeans(clustering: Tensor(shape: [2, 1], values: [0, .nan]), seed: 1)
    }
    let clusters = try KMeans(clustering: points, clusters: 3, seed: 1)
    #expect(throws: EvidenceError.shape(expected: "[N, 2] points", found: [1, 3])) {
      try clusters.nearest(Tensor(shape: [1, 3], values: [0, 0, 0]))
    }
  }
}

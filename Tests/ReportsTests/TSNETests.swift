import Foundation
import Tensors
import Testing

@testable import Reports

/// Points around one of three far corners, in turn.
private func corners(_ count: Int, features: Int = 10) throws -> Tensor {
  var random = SeededRandom(1)
  let values = (0..<count).flatMap { row in
    (0..<features).map { ($0 == row % 3 ? 8 : 0) + random.gaussian() }
  }
  return try Tensor(shape: [count, features], values: values)
}

private func squaredDistance(_ a: PlanePoint, _ b: PlanePoint) -> Double {
  (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)
}

/// The divergence as the paper defines it, in f64.
private func plainDivergence(_ p: Neighbourhoods, _ places: [PlanePoint]) -> Double {
  let count = p.count
  var kernels = [Double](repeating: 0, count: count * count)
  for row in 0..<count {
    for column in 0..<count where row != column {
      kernels[row * count + column] = 1 / (1 + squaredDistance(places[row], places[column]))
    }
  }
  let total = kernels.reduce(0, +)
  var sum = 0.0
  for row in 0..<count {
    for column in 0..<count where row != column {
      let joint = Double(p.probabilities[row * p.stride + column])
      if joint > 0 { sum += joint * log(joint / (kernels[row * count + column] / total)) }
    }
  }
  return sum
}

@Suite struct TSNETests {
  @Test(arguments: [TSNE.Start.principalComponents, .random])
  func groupsStayApart(start: TSNE.Start) throws {
    var method = TSNE(perplexity: 10, exaggeratedIterations: 100)
    method.start = start
    let layout = try method.layout(corners(60))
    #expect(layout.places.count == 60)
    let own = layout.places.enumerated().count { row, place in
      let others = layout.places.indices.filter { $0 != row }
      let nearest = others.min {
        squaredDistance(place, layout.places[$0]) < squaredDistance(place, layout.places[$1])
      }
      return nearest.map { $0 % 3 } == row % 3
    }
    #expect(own == 60)
    #expect(layout.divergence > 0 && layout.divergence < 0.7)
  }

  @Test func seedsDecide() throws {
    let points = try corners(20)
    func layout(_ seed: UInt64) throws -> TSNE.Layout {
      try TSNE(iterations: 30, start: .random, seed: seed).layout(points)
    }
    #expect(try layout(1) == layout(1))
    #expect(try layout(1) != layout(2))
  }

  @Test func gradientEqualsFiniteDifferences() throws {
    // 13 points: the last block of eight lanes is not full.
    let neighbours = Neighbourhoods(CentredPoints(try corners(13)), perplexity: 4)
    var random = SeededRandom(2)
    let start = (0..<13).map { _ in (x: random.gaussian(), y: random.gaussian()) }
    let descent = LayoutDescent(neighbours, start: start)
    let places = start.map { PlanePoint(x: Double($0.x), y: Double($0.y)) }
    #expect(abs(descent.divergence() - plainDivergence(neighbours, places)) < 1e-5)
    let found = descent.gradient(exaggeration: 1)
    for row in 0..<13 {
      for axis in 0..<2 {
        let values = [-1e-4, 1e-4].map { step in
          var moved = places
          if axis == 0 { moved[row].x += step } else { moved[row].y += step }
          return plainDivergence(neighbours, moved)
        }
        #expect(abs(Double(found[row][axis]) - (values[1] - values[0]) / 2e-4) < 1e-5)
      }
    }
  }

  @Test func neighbourhoodsHaveThePerplexity() throws {
    let points = CentredPoints(try corners(40))
    let neighbours = Neighbourhoods(points, perplexity: 7)
    #expect(abs(neighbours.probabilities.reduce(0, +) - 1) < 1e-5)
    for row in 0..<40 {
      #expect(neighbours.probabilities[row * neighbours.stride + row] == 0)
      for column in 0..<40 {
        #expect(
          neighbours.probabilities[row * neighbours.stride + column]
            == neighbours.probabilities[column * neighbours.stride + row])
      }
    }
    // Points on a regular polygon all have the same neighbourhood, so that symmetry changes nothing
    // and the entropy of a row is that which was asked for.
    let polygon = try Tensor(
      shape: [24, 2],
      values: (0..<24).flatMap { index -> [Float] in
        let angle = Float(index) * 2 * .pi / 24
        return [cos(angle), sin(angle)]
      })
    let regular = Neighbourhoods(CentredPoints(polygon), perplexity: 7)
    let row = (0..<24).map { Double(regular.probabilities[$0]) * 24 }
    let entropy = row.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 }
    #expect(abs(exp(entropy) - 7) < 0.01)
  }

  @Test func principalComponentsAreThose() throws {
    var random = SeededRandom(3)
    let values = (0..<200).flatMap { _ -> [Float] in
      let (long, middle) = (5 * random.gaussian(), 2 * random.gaussian())
      return [long + 100, 0.1 * random.gaussian(), middle - 50, 0.1 * random.gaussian()]
    }
    let points = CentredPoints(try Tensor(shape: [200, 4], values: values))
    let (first, second) = points.principalComponents(random: &random)
    // Each component is a coordinate, but for its sign and a turn of a few degrees at most.
    for (scores, column) in [(first, 0), (second, 2)] {
      let coordinate = (0..<200).map { points.values[$0 * 4 + column] }
      let product = zip(scores, coordinate).reduce(0) { $0 + $1.0 * $1.1 }
      let norms = [scores, coordinate].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      #expect(abs(product) > 0.99 * norms[0] * norms[1])
    }
  }

  @Test func pointsThatCoincide() throws {
    let layout = try TSNE(iterations: 50).layout(Tensor(shape: [9, 3], repeating: 2))
    #expect(layout.places.allSatisfy { $0.x.isFinite && $0.y.isFinite })
    #expect(layout.divergence.isFinite)
  }

  @Test func refusesWhatDoesNotFit() throws {
    #expect(throws: ReportError.points(expected: "4 to 4096", found: 3)) {
      try TSNE().layout(Tensor(shape: [3, 2]))
    }
    #expect(throws: ReportError.shape(expected: "[N, D] points", found: [8])) {
      try TSNE().layout(Tensor(shape: [8]))
    }
    #expect(throws: ReportError.notFinite(row: 4)) {
      try TSNE().layout(Tensor(shape: [5, 1], values: [0, 1, 2, 3, .infinity]))
    }
    #expect(throws: ReportError.self) { try TSNE(perplexity: 0).layout(Tensor(shape: [8, 2])) }
    #expect(throws: ReportError.self) { try TSNE(iterations: -1).layout(Tensor(shape: [8, 2])) }
    #expect(throws: ReportError.self) {
      try TSNE(learningRate: .nan).layout(Tensor(shape: [8, 2]))
    }
  }
}

import Engine
import Losses
import Tensors
import Testing

@testable import Purification

/// The head that NT-Xent looks through.
@Suite struct ProjectionHeadTests {
  static let (rows, features, length) = (6, 8, 4)

  private func head(seed: UInt64 = 1) throws -> ProjectionHead {
    try ProjectionHead(
      features: Self.features, length: Self.length, rows: Self.rows,
      engine: Engine(EngineOptions(precision: .f32, threads: 2)), seed: seed)
  }

  private func embeddings(_ seed: UInt64) -> FloatBuffer {
    let buffer = FloatBuffer(count: Self.rows * Self.features)
    var random = SeededRandom(seed)
    for index in buffer.values.indices { buffer.values[index] = random.gaussian() }
    return buffer
  }

  /// Two views of a picture differ by a little noise in all values but the first, which is of the view.
  private func train(_ head: ProjectionHead, steps: Int) throws -> [Float] {
    try head.train(
      temperature: 0.5, momentum: 0.9, weightDecay: 0,
      schedule: CosineSchedule(rate: 0.05, steps: steps)
    ) { step, embeddings in
      var random = SeededRandom(5, UInt64(step))
      let half = Self.rows * Self.features
      for index in 0..<half {
        let value = random.gaussian()
        embeddings[index] = value + 0.1 * random.gaussian()
        embeddings[half + index] = value + 0.1 * random.gaussian()
        if index % Self.features == 0 {
          (embeddings[index], embeddings[half + index]) = (2, -2)
        }
      }
    }
  }

  @Test(arguments: [EmbeddingContrast.Moving.first, .second])
  func gradientsAreThoseOfFiniteDifferences(moving: EmbeddingContrast.Moving) throws {
    let contrast = try EmbeddingContrast(
      temperature: 0.5, dimension: Self.features, projection: head())
    let (a, b) = (embeddings(2), embeddings(3))
    let moved = moving == .first ? a : b
    let (gradient, ignored) = (FloatBuffer(count: moved.count), FloatBuffer(count: moved.count))
    func loss(_ gradient: FloatBuffer, accumulates: Bool = false) throws -> Float {
      try contrast.evaluate(
        a.readable, b.readable, moving: moving, gradient: gradient.values, weight: 2,
        accumulates: accumulates)
    }
    gradient.values.update(repeating: 1)
    _ = try loss(gradient, accumulates: true)
    let step: Float = 1e-2
    for index in moved.values.indices {
      let value = moved.values[index]
      moved.values[index] = value + step
      let above = try loss(ignored)
      moved.values[index] = value - step
      let below = try loss(ignored)
      moved.values[index] = value
      // `weight` is 2, and 1 was there before.
      let expected = 1 + 2 * (above - below) / (2 * step)
      #expect(abs(gradient.values[index] - expected) < 4e-3)
    }
    #expect(gradient.values.contains { abs($0 - 1) > 0.05 })
  }

  @Test func lossIsThatOfTheProjections() throws {
    let head = try head()
    let (a, b) = (embeddings(2), embeddings(3))
    let count = Self.rows * Self.length
    let (first, second) = (FloatBuffer(count: count), FloatBuffer(count: count))
    try head.project(a.readable, into: first)
    try head.project(b.readable, into: second)
    let expected = try NTXent(temperature: 0.5).evaluate(
      first.readable, second.readable, rows: Self.rows, features: Self.length,
      workspace: NTXentWorkspace())
    let contrast = try EmbeddingContrast(
      temperature: 0.5, dimension: Self.features, projection: head)
    let gradient = FloatBuffer(count: a.count)
    let found = try contrast.evaluate(
      a.readable, b.readable, moving: .second, gradient: gradient.values, weight: 1)
    #expect(found == expected)
  }

  @Test func learnsToSeeTwoViewsAlike() throws {
    let losses = try train(head(), steps: 400)
    #expect(losses.count == 400)
    let (start, end) = (losses.prefix(20).reduce(0, +), losses.suffix(20).reduce(0, +))
    #expect(end < 0.7 * start)
  }

  /// The seed decides the head, and training changes it.
  @Test func trainingChangesTheProjectionAndTheSeedDecidesIt() throws {
    func projections(seed: UInt64, steps: Int) throws -> [Float] {
      let head = try head(seed: seed)
      if steps > 0 { _ = try train(head, steps: steps) }
      let (given, found) = (embeddings(2), FloatBuffer(count: Self.rows * Self.length))
      try head.project(given.readable, into: found)
      return Array(found.values)
    }
    let trained = try projections(seed: 1, steps: 5)
    #expect(try projections(seed: 1, steps: 5) == trained)
    #expect(try projections(seed: 1, steps: 0) != trained)
    #expect(try projections(seed: 2, steps: 5) != trained)
  }

  @Test func anotherBatchIsRefused() throws {
    let head = try head()
    let one = FloatBuffer(count: Self.features)
    #expect(throws: EngineError.self) {
      try head.project(one.readable, into: FloatBuffer(count: Self.length))
    }
  }
}

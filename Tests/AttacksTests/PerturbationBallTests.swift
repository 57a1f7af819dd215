import Foundation
import Tensors
import Testing

@testable import Attacks

/// Points of the ball stay in it and in valid pixels, and steps go where they should.
@Suite struct PerturbationBallTests {
  private static let count = 300

  private func buffer(_ values: [Float]) -> FloatBuffer {
    let buffer = FloatBuffer(count: values.count)
    for (index, value) in values.enumerated() { buffer.values[index] = value }
    return buffer
  }

  private func clean(_ seed: UInt64 = 3) -> FloatBuffer {
    var random = SeededRandom(seed)
    // Black and white are among them, and grey from which nothing is cut off.
    return buffer(
      (0..<Self.count).map { _ in max(0, min(1, random.uniform(-0.3...1.3))) })
  }

  private func size(_ norm: PerturbationBall.Norm, _ x: FloatBuffer, _ y: FloatBuffer) -> Float {
    let changes = zip(x.values, y.values).map { $0 - $1 }
    return switch norm {
    case .linf: changes.map(abs).max() ?? 0
    case .l2: changes.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
  }

  @Test(arguments: PerturbationBall.Norm.allCases)
  func startsWithinTheBall(norm: PerturbationBall.Norm) {
    let epsilon: Float = norm == .linf ? 0.05 : 0.8
    let ball = PerturbationBall(norm: norm, epsilon: epsilon, step: 0.01)
    let (clean, x, again) = (
      clean(), FloatBuffer(count: Self.count), FloatBuffer(count: Self.count)
    )
    var greatest: Float = 0
    for seed in 0..<40 as Range<UInt64> {
      var (random, same) = (SeededRandom(seed), SeededRandom(seed))
      ball.start(x.values, around: clean.readable, random: &random)
      ball.start(again.values, around: clean.readable, random: &same)
      #expect(Array(x.values) == Array(again.values))
      #expect(x.values.allSatisfy { (0...1).contains($0) })
      let size = size(norm, x, clean)
      #expect(size > 0 && size <= epsilon * 1.0001)
      greatest = max(greatest, size)
    }
    // Not only near the middle. Where pixels are cut off an L2 perturbation gets shorter.
    #expect(greatest > epsilon * 0.7)
  }

  @Test func stepsAlongTheSignInLinf() {
    let ball = PerturbationBall(norm: .linf, epsilon: 0.25, step: 0.125)
    let clean = buffer([0.5, 0.5, 0.5, 0.9375, 0.0625])
    let (x, gradient) = (buffer(Array(clean.values)), buffer([1e-9, -7, 0, 3, -2]))
    ball.ascend(x.values, around: clean.readable, along: gradient.readable)
    #expect(Array(x.values) == [0.625, 0.375, 0.5, 1, 0])
    for _ in 0..<3 { ball.ascend(x.values, around: clean.readable, along: gradient.readable) }
    #expect(Array(x.values) == [0.75, 0.25, 0.5, 1, 0])
  }

  @Test func stepsAlongTheGradientInL2() {
    let ball = PerturbationBall(norm: .l2, epsilon: 0.25, step: 0.125)
    let clean = buffer([0.5, 0.5, 0.5])
    let (x, gradient) = (buffer(Array(clean.values)), buffer([3, 0, -4]))
    ball.ascend(x.values, around: clean.readable, along: gradient.readable)
    #expect(abs(size(.l2, x, clean) - 0.125) < 1e-6)
    #expect(abs(x.values[0] - 0.575) < 1e-6 && abs(x.values[2] - 0.4) < 1e-6)
    for _ in 0..<3 { ball.ascend(x.values, around: clean.readable, along: gradient.readable) }
    #expect(abs(size(.l2, x, clean) - 0.25) < 1e-6, "projected")
    #expect(abs(x.values[0] - 0.65) < 1e-6 && x.values[1] == 0.5)
    let (before, flat) = (Array(x.values), buffer([0, 0, 0]))
    ball.ascend(x.values, around: clean.readable, along: flat.readable)
    #expect(Array(x.values) == before, "without a slope it stays")
  }

  @Test(arguments: PerturbationBall.Norm.allCases)
  func ascentStaysWithinTheBall(norm: PerturbationBall.Norm) {
    let epsilon: Float = norm == .linf ? 0.05 : 0.8
    let ball = PerturbationBall(norm: norm, epsilon: epsilon, step: epsilon / 3)
    let (clean, x, gradient) = (
      clean(), FloatBuffer(count: Self.count), FloatBuffer(count: Self.count)
    )
    var random = SeededRandom(5)
    ball.start(x.values, around: clean.readable, random: &random)
    for _ in 0..<10 {
      for index in gradient.values.indices { gradient.values[index] = random.gaussian() }
      ball.ascend(x.values, around: clean.readable, along: gradient.readable)
      #expect(size(norm, x, clean) <= epsilon * 1.0001)
      #expect(x.values.allSatisfy { (0...1).contains($0) })
    }
  }

  /// Reports and checkpoints of purifications hold these words.
  @Test func normsHaveTheirNames() throws {
    let text = String(
      decoding: try JSONEncoder().encode(PerturbationBall.Norm.allCases), as: UTF8.self)
    #expect(text == #"["linf","l2"]"#)
  }
}

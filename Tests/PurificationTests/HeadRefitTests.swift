import Tensors
import Testing

@testable import Purification

@Suite struct HeadRefitTests {
  /// `w · x + b` for one row of each.
  private func output(
    _ weight: Tensor, _ bias: Tensor, _ index: Int, _ embeddings: [Float], _ row: Int
  ) -> Float {
    let first: Float = weight.values[2 * index] * embeddings[2 * row]
    let second: Float = weight.values[2 * index + 1] * embeddings[2 * row + 1]
    return first + second + bias.values[index]
  }

  /// Embeddings that were turned by a quarter: the head is turned after them.
  @Test func theHeadFollowsItsEmbeddings() throws {
    var random = SeededRandom(2)
    var before: [Float] = []
    var after: [Float] = []
    for _ in 0..<200 {
      let (x, y) = (random.gaussian(), random.gaussian())
      before += [x, y]
      after += [-y, x]
    }
    let weight = try Tensor(shape: [2, 2], values: [3, 0, -3, 0])
    let bias = try Tensor(shape: [2], values: [0.5, -0.5])
    var said: [Float] = []
    for row in 0..<200 {
      for index in 0..<2 { said.append(output(weight, bias, index, before, row)) }
    }
    let logits = try Tensor(shape: [200, 2], values: said)
    let fitted = try HeadRefit(
      embeddings: Tensor(shape: [200, 2], values: after), logits: logits, weight: weight
    ).fit(bias: bias)
    // Held near where it was, the head need not follow to the last picture.
    let agreeing = (0..<200).count { row in
      let found = (0..<2).map { output(fitted.weight, fitted.bias, $0, after, row) }
      return (found[0] > found[1]) == (logits.values[2 * row] > logits.values[2 * row + 1])
    }
    #expect(agreeing > 180)
    #expect(abs(fitted.weight.values[1]) > abs(fitted.weight.values[0]) * 3)
  }

  @Test func aHeadThatFitsStaysAsItIs() throws {
    let embeddings = try Tensor(shape: [3, 2], values: [1, 2, -1, 0.5, 0, -2])
    let weight = try Tensor(shape: [2, 2], values: [0.5, -1, 1, 0.25])
    let bias = try Tensor(shape: [2], values: [0.1, -0.2])
    var logits: [Float] = []
    for row in 0..<3 {
      for index in 0..<2 { logits.append(output(weight, bias, index, embeddings.values, row)) }
    }
    let fitted = try HeadRefit(
      embeddings: embeddings, logits: Tensor(shape: [3, 2], values: logits), weight: weight
    ).fit(bias: bias)
    #expect(zip(fitted.weight.values, weight.values).allSatisfy { abs($0 - $1) < 1e-4 })
    #expect(zip(fitted.bias.values, bias.values).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func sizesThatDoNotFitAreRefused() throws {
    let refit = try HeadRefit(
      embeddings: Tensor(shape: [3, 2], repeating: 0), logits: Tensor(shape: [2, 2], repeating: 0),
      weight: Tensor(shape: [2, 2], repeating: 0))
    #expect(throws: (any Error).self) { try refit.fit(bias: Tensor(shape: [2], repeating: 0)) }
  }
}

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

  /// Embeddings that were turned by a sixteenth: the head is turned after them. Left alone, it would
  /// be wrong of one picture in eight.
  @Test func theHeadFollowsItsEmbeddings() throws {
    var random = SeededRandom(2)
    var before: [Float] = []
    var after: [Float] = []
    let (cosine, sine) = (Float(0.923_88), Float(0.382_68))
    for _ in 0..<200 {
      let (x, y) = (random.gaussian(), random.gaussian())
      before += [x, y]
      after += [cosine * x - sine * y, sine * x + cosine * y]
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
    #expect(fitted.weight.values[1] > 0.3)
  }

  /// Of one in ten pictures the suspicious classifier says the second class, whatever they show; the
  /// purified embeddings show what it is. The head follows the others.
  @Test func picturesWithATriggerTeachNothing() throws {
    var random = SeededRandom(3)
    let weight = try Tensor(shape: [2, 2], values: [3, 0, -3, 0])
    let bias = try Tensor(shape: [2], values: [0, 0])
    var embeddings: [Float] = []
    var clean: [Float] = []
    for row in 0..<400 {
      embeddings += [random.gaussian() + (row % 2 == 0 ? 2 : -2), random.gaussian()]
      clean += (0..<2).map { output(weight, bias, $0, embeddings, row) }
    }
    var triggered = clean
    for row in stride(from: 0, to: 400, by: 10) {
      triggered.replaceSubrange(2 * row..<2 * row + 2, with: [-20, 20])
    }
    func fit(_ logits: [Float]) throws -> [Float] {
      let fitted = try HeadRefit(
        embeddings: Tensor(shape: [400, 2], values: embeddings),
        logits: Tensor(shape: [400, 2], values: logits), weight: weight
      ).fit(bias: bias)
      return fitted.weight.values + fitted.bias.values
    }
    let (undisturbed, disturbed) = try (fit(clean), fit(triggered))
    #expect(zip(undisturbed, disturbed).allSatisfy { abs($0 - $1) < 0.05 })
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

import Backbones
import Engine
import Models
import Networks
import Tensors
import Testing

/// What an adversary gets, against finite differences.
@Suite struct PixelGradientTests {
  private let graph = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: 5)
  private let shape = ActivationShape(batch: 4, height: 32, width: 32, channels: 3)

  @Test(
    arguments: ["embedding", "logits"], BatchNormalizationStatistics.allCases)
  func theGradientIsThatOfWhatTheNetworkSays(
    output: String, statistics: BatchNormalizationStatistics
  ) throws {
    var random = SeededRandom(4)
    let parameters = RandomParameters(for: graph.parameters)
    let source = try PixelGradient(
      graph, output: output, shape: shape,
      engine: Engine(EngineOptions(precision: .f32, threads: 2)),
      store: ParameterStore(graph.parameters) { try parameters.tensor($0) },
      normalisation: PixelNormalisation(.cifar10), statistics: statistics)
    #expect(source.dimension == (output == "logits" ? 5 : 512))

    let outputs = FloatBuffer(count: shape.batch * source.dimension)
    let (weights, pixels, moved, gradients) = (
      FloatBuffer(count: outputs.count), FloatBuffer(count: shape.count),
      FloatBuffer(count: shape.count), FloatBuffer(count: shape.count)
    )
    for index in weights.values.indices { weights.values[index] = random.gaussian() }
    for index in pixels.values.indices { pixels.values[index] = 0.2 + 0.6 * random.uniform() }
    // A weighted sum of what the network says of `pixels`, moved along `direction`.
    func sum(_ direction: [Float], by length: Float) throws -> Double {
      for index in direction.indices {
        moved.values[index] = pixels.values[index] + length * direction[index]
      }
      try source.forward(moved, into: outputs)
      return zip(outputs.values, weights.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    // Along the gradient the sum rises by the gradient's length, and along no other direction as fast.
    _ = try sum(.init(repeating: 0, count: shape.count), by: 0)
    try source.backward(weights, into: gradients)
    let length = gradients.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(length > 0)
    let direction = gradients.values.map { $0 / Float(length) }
    let step: Float = 2e-3
    let slope = (try sum(direction, by: step) - (try sum(direction, by: -step))) / Double(2 * step)
    #expect(abs(slope - length) < 0.02 * length, "\(slope) and \(length)")
  }
}

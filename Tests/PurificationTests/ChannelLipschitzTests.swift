import Engine
import Networks
import Tensors
import Testing

@testable import Purification

@Suite struct ChannelLipschitzTests {
  @Test func spectralNormIsTheGreatestSingularValue() {
    // numpy.linalg.norm([[3, 0, 1], [1, 2, -1]], 2) = 3.3912…: √ of the greatest root of
    // λ² − 16 λ + 56 = (10 − λ)(6 − λ) − 4.
    let matrix: [Float] = [3, 0, 1, 1, 2, -1]
    let found = matrix.withUnsafeBufferPointer {
      ChannelLipschitz.spectralNorm($0, columns: 3)
    }
    #expect(abs(found - (8 + 8.0.squareRoot()).squareRoot()) < 1e-6)
  }

  @Test func theChannelThatReactsTooStronglyIsSwitchedOff() throws {
    var graph = Graph()
    let convolution = graph.convolution(
      graph.input(channels: 3), name: "c", from: 3, to: 16, kernel: 3)
    graph.output(
      graph.batchNormalization(convolution, name: "n", channels: 16, epsilon: 1e-5), name: "y")
    let random = RandomParameters(for: graph.parameters)
    let store = try ParameterStore(graph.parameters) { name in
      var tensor = try random.tensor(name)
      if name == "n.weight" { tensor.values[5] = 40 }
      return tensor
    }
    try ChannelLipschitz(threshold: 3).prune(store, graph)
    let off = try SwitchedOffChannels.all(in: store, graph)
    #expect(off.map(\.channels) == [[5]])
    #expect(try store.values("n.weight")[5] == 0)
    #expect(try store.values("n.bias")[5] == 0)
    #expect(try store.values("n.weight")[4] != 0)
  }
}

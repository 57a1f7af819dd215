import Networks

/// The shape of each node's result for one input shape.
enum ShapeInference {
  static func shapes(of graph: Graph, input: ActivationShape) throws -> [ActivationShape] {
    var shapes: [ActivationShape] = []
    for node in graph.nodes {
      shapes.append(try shape(of: node, input: input, known: shapes))
    }
    return shapes
  }

  private static func shape(
    of node: Node, input: ActivationShape, known: [ActivationShape]
  ) throws -> ActivationShape {
    func operand(_ index: Int) -> ActivationShape { known[node.inputs[index].index] }
    switch node.operation {
    case .input(let channels):
      try expect(channels == input.channels, "input", "\(channels) channels", "\(input)")
      try expect(
        [input.batch, input.height, input.width].allSatisfy { (1...65536).contains($0) }, "input",
        "sides of 1 to 65536", "\(input)")
      return input
    case .convolution(let convolution):
      let x = operand(0)
      try expect(
        convolution.inputChannels == x.channels, convolution.name,
        "\(convolution.inputChannels) channels", "\(x)")
      return try slide(
        convolution.window, over: x, channels: convolution.outputChannels, name: convolution.name)
    case .maxPool(let window):
      return try slide(window, over: operand(0), channels: operand(0).channels, name: "max pooling")
    case .batchNormalization(let normalization):
      let x = operand(0)
      try expect(
        normalization.channels == x.channels, normalization.name,
        "\(normalization.channels) channels", "\(x)")
      return x
    case .relu: return operand(0)
    case .add:
      try expect(operand(0) == operand(1), "sum", "\(operand(0))", "\(operand(1))")
      return operand(0)
    case .upsampleNearest:
      var shape = operand(1)
      shape.channels = operand(0).channels
      return shape
    case .globalAveragePool:
      let x = operand(0)
      return ActivationShape(batch: x.batch, height: 1, width: 1, channels: x.channels)
    case .linear(let linear):
      let x = operand(0)
      try expect(
        linear.inputFeatures == x.features, linear.name, "\(linear.inputFeatures) features", "\(x)")
      return ActivationShape(
        batch: x.batch, height: 1, width: 1, channels: linear.outputFeatures)
    }
  }

  private static func slide(
    _ window: Window, over x: ActivationShape, channels: Int, name: String
  ) throws -> ActivationShape {
    let height = window.positions(along: x.height)
    let width = window.positions(along: x.width)
    try expect(height > 0 && width > 0, name, "a picture of at least \(window.size)", "\(x)")
    return ActivationShape(batch: x.batch, height: height, width: width, channels: channels)
  }

  private static func expect(
    _ condition: Bool, _ operation: String, _ expected: String, _ found: String
  ) throws {
    guard condition else {
      throw EngineError.shape(operation: operation, expected: expected, found: found)
    }
  }
}

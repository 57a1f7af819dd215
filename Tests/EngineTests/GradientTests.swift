import Foundation
import Models
import Networks
import Tensors
import Testing

@testable import Engine

/// Gradients of single layers against PyTorch's (`layers.safetensors`), on every backend.
@Suite struct GradientTests {
  let vectors: SafetensorsReader

  init() throws {
    let url = try #require(
      Bundle.module.url(
        forResource: "layers", withExtension: "safetensors", subdirectory: "Resources"))
    vectors = try SafetensorsReader(path: url.path)
  }

  /// Runs a network forward and backward, and returns result, gradient of the input, and the store.
  private func differentiate(
    _ graph: Graph, _ parameters: [String: Tensor], x: [Float], shape: ActivationShape,
    dy: [Float], _ options: EngineOptions,
    statistics: NormalizationStatistics = .batch(updatesStored: true)
  ) throws -> (y: [Float], dx: [Float], store: ParameterStore) {
    let store = try ParameterStore(graph.parameters, source: source(parameters))
    let engine = try Engine(options)
    let plan = try TrainingPlan(
      graph, input: shape, engine: engine, store: store, wantsInputGradient: true)
    try plan.input.write(x)
    try plan.forward(statistics)
    let y = try plan.output("y").floats()
    try plan.outputGradient("y").write(dy)
    try plan.backward()
    return (y, try #require(plan.inputGradient).floats(), store)
  }

  @Test(
    arguments: f32Options,
    [
      ("conv3x3", 1, 1, false), ("conv3x3_bias", 1, 1, true), ("conv3x3_s2", 2, 1, false),
      ("conv1x1_s2", 2, 0, false), ("conv7x7_s2", 2, 3, false),
    ])
  func convolution(options: EngineOptions, layer: (String, Int, Int, Bool)) throws {
    let (name, stride, padding, bias) = layer
    let weight = try vectors.tensor(name + ".weight")
    let x = try vectors.tensor(name + ".x")
    var tensors = ["layer.weight": weight]
    if bias { tensors["layer.bias"] = try vectors.tensor(name + ".bias") }
    var graph = Graph()
    let node = graph.convolution(
      graph.input(channels: weight.shape[1]), name: "layer", from: weight.shape[1],
      to: weight.shape[0], kernel: weight.shape[2], stride: stride, padding: padding, bias: bias)
    graph.output(node, name: "y")
    let found = try differentiate(
      graph, tensors, x: channelsLast(x), shape: shape(x),
      dy: channelsLast(try vectors.tensor(name + ".grad_y")), options)
    #expect(relativeError(found.y, channelsLast(try vectors.tensor(name + ".y"))) < 2e-6)
    #expect(relativeError(found.dx, channelsLast(try vectors.tensor(name + ".grad_x"))) < 3e-6)
    #expect(
      relativeError(
        try found.store.gradient("layer.weight").values,
        try vectors.tensor(name + ".grad_weight").values) < 3e-6)
    if bias {
      #expect(
        relativeError(
          try found.store.gradient("layer.bias").values,
          try vectors.tensor(name + ".grad_bias").values) < 3e-6)
    }
  }

  @Test(arguments: f32Options) func maxPooling(options: EngineOptions) throws {
    let x = try vectors.tensor("maxpool.x")
    var graph = Graph()
    graph.output(
      graph.maxPool(graph.input(channels: 4), Window(size: 3, stride: 2, padding: 1)), name: "y")
    let found = try differentiate(
      graph, [:], x: channelsLast(x), shape: shape(x),
      dy: channelsLast(try vectors.tensor("maxpool.grad_y")), options)
    #expect(found.y == channelsLast(try vectors.tensor("maxpool.y")))
    #expect(relativeError(found.dx, channelsLast(try vectors.tensor("maxpool.grad_x"))) < 1e-6)
  }

  @Test(arguments: f32Options) func linear(options: EngineOptions) throws {
    var graph = Graph()
    graph.output(graph.linear(graph.input(channels: 20), name: "l", from: 20, to: 12), name: "y")
    let found = try differentiate(
      graph,
      [
        "l.weight": try vectors.tensor("linear.weight"),
        "l.bias": try vectors.tensor("linear.bias"),
      ],
      x: try vectors.tensor("linear.x").values,
      shape: ActivationShape(batch: 5, height: 1, width: 1, channels: 20),
      dy: try vectors.tensor("linear.grad_y").values, options)
    #expect(relativeError(found.y, try vectors.tensor("linear.y").values) < 2e-6)
    #expect(relativeError(found.dx, try vectors.tensor("linear.grad_x").values) < 2e-6)
    for parameter in ["weight", "bias"] {
      #expect(
        relativeError(
          try found.store.gradient("l." + parameter).values,
          try vectors.tensor("linear.grad_" + parameter).values) < 2e-6)
    }
  }

  @Test(arguments: f32Options, ["bn_train", "bn_eval"])
  func batchNormalization(options: EngineOptions, name: String) throws {
    let x = try vectors.tensor(name + ".x")
    var graph = Graph()
    graph.output(
      graph.batchNormalization(graph.input(channels: 6), name: "bn", channels: 6, epsilon: 1e-5),
      name: "y")
    let found = try differentiate(
      graph,
      [
        "bn.weight": try vectors.tensor(name + ".weight"),
        "bn.bias": try vectors.tensor(name + ".bias"),
        "bn.running_mean": try vectors.tensor(name + ".running_mean_before"),
        "bn.running_var": try vectors.tensor(name + ".running_var_before"),
      ], x: channelsLast(x), shape: shape(x),
      dy: channelsLast(try vectors.tensor(name + ".grad_y")), options,
      statistics: name == "bn_train" ? .batch(updatesStored: true) : .stored)
    #expect(relativeError(found.y, channelsLast(try vectors.tensor(name + ".y"))) < 3e-6)
    #expect(relativeError(found.dx, channelsLast(try vectors.tensor(name + ".grad_x"))) < 1e-5)
    for parameter in ["weight", "bias"] {
      #expect(
        relativeError(
          try found.store.gradient("bn." + parameter).values,
          try vectors.tensor("\(name).grad_\(parameter)").values) < 1e-5)
    }
    guard name == "bn_train" else { return }
    for statistic in ["running_mean", "running_var"] {
      #expect(
        relativeError(
          try found.store.tensor("bn." + statistic).values,
          try vectors.tensor("\(name).\(statistic)_after").values) < 3e-6)
    }
  }
}

import Foundation
import Models
import Networks
import Tensors
import Testing

@testable import Engine

/// Single layers against PyTorch's values (`layers.safetensors`), on every backend.
@Suite struct LayerTests {
  let vectors: SafetensorsReader

  init() throws {
    let url = try #require(
      Bundle.module.url(
        forResource: "layers", withExtension: "safetensors", subdirectory: "Resources"))
    vectors = try SafetensorsReader(path: url.path)
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
    let y = try evaluate(graph, channelsLast(x), shape(x), options, source(tensors))
    #expect(relativeError(y["y"] ?? [], channelsLast(try vectors.tensor(name + ".y"))) < 2e-6)
  }

  @Test(arguments: f32Options) func maxPooling(options: EngineOptions) throws {
    let x = try vectors.tensor("maxpool.x")
    var graph = Graph()
    let node = graph.maxPool(
      graph.input(channels: 4), Window(size: 3, stride: 2, padding: 1))
    graph.output(node, name: "y")
    let y = try evaluate(graph, channelsLast(x), shape(x), options, source([:]))
    #expect(y["y"] == channelsLast(try vectors.tensor("maxpool.y")))
  }

  @Test(arguments: f32Options) func linear(options: EngineOptions) throws {
    let x = try vectors.tensor("linear.x")
    var graph = Graph()
    let node = graph.linear(graph.input(channels: 20), name: "layer", from: 20, to: 12)
    graph.output(node, name: "y")
    let y = try evaluate(
      graph, x.values, ActivationShape(batch: 5, height: 1, width: 1, channels: 20), options,
      source([
        "layer.weight": try vectors.tensor("linear.weight"),
        "layer.bias": try vectors.tensor("linear.bias"),
      ]))
    #expect(relativeError(y["y"] ?? [], try vectors.tensor("linear.y").values) < 2e-6)
  }

  @Test(arguments: f32Options) func batchNormalization(options: EngineOptions) throws {
    let x = try vectors.tensor("bn_eval.x")
    var graph = Graph()
    let node = graph.batchNormalization(
      graph.input(channels: 6), name: "bn", channels: 6, epsilon: 1e-5)
    graph.output(node, name: "y")
    let y = try evaluate(
      graph, channelsLast(x), shape(x), options,
      source([
        "bn.weight": try vectors.tensor("bn_eval.weight"),
        "bn.bias": try vectors.tensor("bn_eval.bias"),
        "bn.running_mean": try vectors.tensor("bn_eval.running_mean_before"),
        "bn.running_var": try vectors.tensor("bn_eval.running_var_before"),
      ]))
    #expect(relativeError(y["y"] ?? [], channelsLast(try vectors.tensor("bn_eval.y"))) < 2e-6)
  }
}

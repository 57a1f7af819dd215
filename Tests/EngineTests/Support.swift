import Foundation
import Models
import Networks
import Tensors
import Testing

@testable import Engine

/// Parameters from a dictionary.
func source(_ tensors: [String: Tensor]) -> ParameterSource {
  { name in
    guard let tensor = tensors[name] else { throw MissingParameter(name: name) }
    return tensor
  }
}

struct MissingParameter: Error { let name: String }

/// PyTorch's NCHW values in the engine's NHWC order.
func channelsLast(_ tensor: Tensor) -> [Float] {
  let (n, c, h, w) = (tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3])
  var values = [Float](repeating: 0, count: tensor.count)
  for picture in 0..<n {
    for channel in 0..<c {
      for position in 0..<(h * w) {
        values[(picture * h * w + position) * c + channel] =
          tensor.values[(picture * c + channel) * h * w + position]
      }
    }
  }
  return values
}

func shape(_ tensor: Tensor) -> ActivationShape {
  ActivationShape(
    batch: tensor.shape[0], height: tensor.shape[2], width: tensor.shape[3],
    channels: tensor.shape[1])
}

/// Largest difference over the largest expected value.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count else { return .infinity }
  let scale = expected.map(abs).max() ?? 1
  let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
  return worst.isNaN || found.contains(where: \.isNaN) ? .infinity : worst / max(scale, 1e-12)
}

/// Deterministic values in ±1.
func noise(_ count: Int, seed: UInt64 = 1) -> [Float] {
  var state = seed
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) * 0x1p-23 - 1
  }
}

func evaluate(
  _ graph: Graph, _ input: [Float], _ shape: ActivationShape, _ options: EngineOptions,
  _ parameters: @escaping ParameterSource
) throws -> [String: [Float]] {
  let engine = try Engine(options)
  let plan = try InferencePlan(graph, input: shape, engine: engine, parameters: parameters)
  var results: [[String: [Float]]] = []
  // Twice: memory that the first run left behind must not show in the second.
  for _ in 0..<2 {
    try plan.input.write(input)
    try plan.run()
    results.append(
      Dictionary(
        uniqueKeysWithValues: try plan.outputNames.map { ($0, try plan.output($0).floats()) }))
  }
  #expect(results[0] == results[1])
  return results[1]
}

let f32Options: [EngineOptions] = [
  EngineOptions(backend: .onednn, precision: .f32, threads: 2),
  EngineOptions(backend: .openblas, precision: .f32, threads: 2),
  EngineOptions(backend: .plain, precision: .f32, threads: 1),
]

import Networks
import Tensors
import Testing

@testable import Engine

/// Gradients of what a detector has beyond a classifier: enlargement, layers that stand on several
/// levels, linear layers over maps.
@Suite struct PyramidGradientTests {
  /// Two levels of a pyramid under one shared head, and a fully connected head over the coarse one.
  private static func network() -> Graph {
    var graph = Graph()
    let input = graph.input(channels: 3)
    let fine = graph.convolution(input, name: "fine", from: 3, to: 16, kernel: 3, bias: true)
    let coarse = graph.convolution(
      fine, name: "coarse", from: 16, to: 16, kernel: 3, stride: 2, bias: true)
    let merged = graph.add(fine, graph.upsampleNearest(coarse, like: fine))
    let pooled = graph.maxPool(coarse, Window(size: 1, stride: 2))
    for (level, node) in [merged, coarse, pooled].enumerated() {
      let hidden = graph.relu(
        graph.convolution(node, name: "shared", from: 16, to: 16, kernel: 3, bias: true))
      graph.output(
        graph.convolution(hidden, name: "logits", from: 16, to: 5, kernel: 1, bias: true),
        name: "logits.\(level)")
    }
    var x = graph.relu(graph.linear(coarse, name: "fc6", from: 16 * 5 * 5, to: 24))
    x = graph.linear(x, name: "fc7", from: 24, to: 7)
    graph.output(x, name: "classes")
    return graph
  }

  /// 9 pixels become 5: enlargement repeats some rows twice and one once.
  private static let shape = ActivationShape(batch: 2, height: 9, width: 9, channels: 3)

  private struct Pass {
    let graph = PyramidGradientTests.network()
    let store: ParameterStore
    let plan: TrainingPlan

    init(_ options: EngineOptions) throws {
      let random = RandomParameters(for: graph.parameters)
      store = try ParameterStore(graph.parameters) { name in
        var tensor = try random.tensor(name)
        // Every ReLU far from its corner, on or off by channel: finite differences know no corners.
        if name == "shared.bias" || name == "fc6.bias" {
          for index in tensor.values.indices { tensor.values[index] = index % 3 == 0 ? -40 : 40 }
        }
        return tensor
      }
      plan = try TrainingPlan(
        graph, input: PyramidGradientTests.shape, engine: Engine(options), store: store,
        wantsInputGradient: true)
    }

    /// Σ dy · y over all results.
    func value(_ x: [Float]) throws -> Double {
      try plan.load()
      try plan.input.write(x)
      try plan.forward(.stored)
      return try plan.outputNames.reduce(0) { sum, name in
        let y = try plan.output(name).floats()
        return zip(y, noise(y.count, seed: 3)).reduce(sum) { $0 + Double($1.0) * Double($1.1) }
      }
    }

    func backward(accumulates: Bool = false) throws {
      for name in plan.outputNames {
        try plan.outputGradient(name).write(noise(try plan.output(name).shape.count, seed: 3))
      }
      try plan.backward(accumulates: accumulates)
    }

    func gradients() throws -> [String: [Float]] {
      var found = Dictionary(
        uniqueKeysWithValues: try graph.parameters.map {
          ($0.name, try store.gradient($0.name).values)
        })
      found["input"] = plan.inputGradient?.floats()
      return found
    }
  }

  private let x = noise(Self.shape.count)

  /// Along its gradient a parameter's slope is the gradient's length.
  @Test func slopesAreThoseOfFiniteDifferences() throws {
    let pass = try Pass(EngineOptions(backend: .openblas, precision: .f32, threads: 1))
    _ = try pass.value(x)
    try pass.backward()
    func length(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    for (name, gradient) in try pass.gradients().sorted(by: { $0.key < $1.key }) {
      let point = name == "input" ? x : Array(try pass.store.values(name))
      let step = 1e-3 * max(length(point), 1)
      func moved(_ sign: Float) throws -> Double {
        let there = zip(point, gradient).map { $0 + sign * step * $1 / length(gradient) }
        if name == "input" { return try pass.value(there) }
        _ = try pass.store.values(name).update(from: there)
        defer { _ = try? pass.store.values(name).update(from: point) }
        return try pass.value(x)
      }
      let slope = (try moved(1) - moved(-1)) / Double(2 * step)
      let expected = Double(length(gradient))
      #expect(
        expected > 0 && abs(slope - expected) < 0.01 * expected, "\(name): \(slope), \(expected)")
    }
  }

  @Test func backendsAgree() throws {
    func found(_ options: EngineOptions) throws -> [String: [Float]] {
      let pass = try Pass(options)
      _ = try pass.value(x)
      try pass.backward()
      return try pass.gradients()
    }
    let plain = try found(EngineOptions(backend: .plain, precision: .f32, threads: 1))
    for options in f32Options.dropLast() {
      let other = try found(options)
      for (name, gradient) in plain {
        #expect(relativeError(other[name] ?? [], gradient) < 1e-5, "\(name)")
      }
    }
    if Processor.hasBFloat16 {
      let half = try found(EngineOptions(backend: .onednn, precision: .bf16, threads: 2))
      for (name, gradient) in plain {
        #expect(relativeError(half[name] ?? [], gradient) < 0.03, "\(name)")
      }
    }
  }

  /// A shared layer's gradient is a sum within one pass, and twice that after a second one.
  @Test func sharedLayersAddUp() throws {
    let pass = try Pass(EngineOptions(backend: .onednn, precision: .f32, threads: 2))
    _ = try pass.value(x)
    try pass.backward()
    let once = try pass.gradients()
    _ = try pass.value(x)
    try pass.backward()
    let again = try pass.gradients()
    _ = try pass.value(x)
    try pass.backward(accumulates: true)
    let twice = try pass.gradients()
    for (name, gradient) in once where name != "input" {
      #expect(relativeError(again[name] ?? [], gradient) == 0, "\(name)")
      #expect(relativeError(twice[name] ?? [], gradient.map { 2 * $0 }) < 1e-5, "\(name)")
    }
  }
}

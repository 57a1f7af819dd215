import Networks
import Tensors
import Testing

@testable import Engine

/// Whole graphs: backends against each other, folding and in-place sums against plain arithmetic.
@Suite struct PlanTests {
  static let trunk = ResNet(depth: .resnet18)

  /// A detector's layers on a picture whose sides are not multiples of anything.
  static func detectorGraph() -> Graph {
    FasterRCNNNetwork(trunk: trunk, pyramidChannels: 24, boxHeadWidth: 32, classes: 4)
      .featureGraph()
  }

  @Test func backendsAgreeOnADetector() throws {
    let graph = Self.detectorGraph()
    let parameters = RandomParameters(for: graph.parameters)
    let shape = ActivationShape(batch: 1, height: 75, width: 101, channels: 3)
    let input = noise(shape.count)
    let results = try f32Options.map {
      try evaluate(graph, input, shape, $0) { try parameters.tensor($0) }
    }
    for (name, expected) in results[2] {
      #expect(relativeError(results[0][name] ?? [], expected) < 1e-4, "oneDNN, \(name)")
      #expect(relativeError(results[1][name] ?? [], expected) < 1e-4, "OpenBLAS, \(name)")
    }
  }

  @Test(.enabled(if: Processor.hasBFloat16)) func bfloat16IsCloseToF32() throws {
    let graph = Self.detectorGraph()
    let parameters = RandomParameters(for: graph.parameters)
    let shape = ActivationShape(batch: 1, height: 96, width: 64, channels: 3)
    let input = noise(shape.count)
    let exact = try evaluate(graph, input, shape, f32Options[1]) { try parameters.tensor($0) }
    let half = EngineOptions(backend: .onednn, precision: .bf16, threads: 2)
    let rounded = try evaluate(graph, input, shape, half) { try parameters.tensor($0) }
    for (name, expected) in exact {
      #expect(relativeError(rounded[name] ?? [], expected) < 0.05, "\(name)")
      #expect(rounded[name] != expected, "bf16 was not used for \(name)")
    }
  }

  @Test(.enabled(if: Processor.hasAVX512)) func winogradEqualsTheDirectAlgorithm() throws {
    let graph = Self.detectorGraph()
    let parameters = RandomParameters(for: graph.parameters)
    let shape = ActivationShape(batch: 1, height: 96, width: 128, channels: 3)
    let input = noise(shape.count)
    var direct = EngineOptions(backend: .onednn, precision: .f32, threads: 2)
    let found = try evaluate(graph, input, shape, direct) { try parameters.tensor($0) }
    direct.allowsWinograd = false
    let expected = try evaluate(graph, input, shape, direct) { try parameters.tensor($0) }
    #expect(found != expected, "Winograd's algorithm was not used")
    for (name, values) in expected {
      #expect(relativeError(found[name] ?? [], values) < 1e-4, "\(name)")
    }
  }

  @Test func precisionFallsBackWhereABackendHasNone() throws {
    let engine = try Engine(EngineOptions(backend: .openblas, precision: .bf16))
    #expect(engine.precision == .f32)
  }

  /// Sums whose operand lives on, is read by the very convolution, or is a result itself.
  @Test(arguments: f32Options) func inPlaceSumsKeepWhatIsStillNeeded(options: EngineOptions) throws
  {
    var graph = Graph()
    let x = graph.input(channels: 4)
    let a = graph.convolution(x, name: "a", from: 4, to: 4, kernel: 3, bias: true)
    let b = graph.relu(graph.add(graph.convolution(a, name: "b", from: 4, to: 4, kernel: 1), a))
    let c = graph.add(graph.convolution(b, name: "c", from: 4, to: 4, kernel: 3), b)
    let d = graph.relu(graph.add(c, b))
    let e = graph.add(d, d)
    let f = graph.add(graph.convolution(e, name: "f", from: 4, to: 4, kernel: 1), x)
    for (name, node) in [("a", a), ("b", b), ("c", c), ("d", d), ("f", f)] {
      graph.output(node, name: name)
    }
    let parameters = RandomParameters(for: graph.parameters)
    let shape = ActivationShape(batch: 2, height: 5, width: 6, channels: 4)
    let input = noise(shape.count)
    let found = try evaluate(graph, input, shape, options) { try parameters.tensor($0) }

    // The same sums by hand, each convolution in a graph of its own.
    func convolve(_ values: [Float], _ name: String, _ kernel: Int, bias: Bool) throws -> [Float] {
      var single = Graph()
      let node = single.convolution(
        single.input(channels: 4), name: name, from: 4, to: 4, kernel: kernel, bias: bias)
      single.output(node, name: "y")
      let result = try evaluate(single, values, shape, f32Options[2]) { try parameters.tensor($0) }
      return result["y"] ?? []
    }
    let aValues = try convolve(input, "a", 3, bias: true)
    let bValues = zip(try convolve(aValues, "b", 1, bias: false), aValues).map { max($0 + $1, 0) }
    let cValues = zip(try convolve(bValues, "c", 3, bias: false), bValues).map { $0 + $1 }
    let dValues = zip(cValues, bValues).map { max($0 + $1, 0) }
    let eValues = dValues.map { $0 + $0 }
    let fValues = zip(try convolve(eValues, "f", 1, bias: false), input).map { $0 + $1 }
    for (name, expected) in [
      ("a", aValues), ("b", bValues), ("c", cValues), ("d", dValues), ("f", fValues),
    ] {
      #expect(relativeError(found[name] ?? [], expected) < 1e-5, "\(name)")
    }
  }

  @Test func plansShareWhatOneOfThemPacked() throws {
    let graph = Self.detectorGraph()
    let parameters = RandomParameters(for: graph.parameters)
    let engine = try Engine(f32Options[1])
    let counter = Counter()
    let counted: ParameterSource = {
      counter.value += 1
      return try parameters.tensor($0)
    }
    let packed = PackedParameters()
    for width in [64, 96] {
      _ = try InferencePlan(
        graph, input: ActivationShape(batch: 1, height: 64, width: width, channels: 3),
        engine: engine, parameters: counted, packed: packed)
    }
    #expect(counter.value == graph.parameters.count)
  }

  /// Two sets of parameters under the same names on one engine, as before and after a purification.
  @Test(arguments: f32Options) func plansOfOtherParametersDoNotShare(
    options: EngineOptions
  ) throws {
    var graph = Graph()
    graph.output(
      graph.linear(
        graph.globalAveragePool(
          graph.convolution(
            graph.input(channels: 3), name: "c", from: 3, to: 4, kernel: 3)), name: "l", from: 4,
        to: 2), name: "y")
    let random = RandomParameters(for: graph.parameters)
    let engine = try Engine(options)
    let shape = ActivationShape(batch: 1, height: 8, width: 8, channels: 3)
    func result(_ factor: Float) throws -> [Float] {
      let plan = try InferencePlan(graph, input: shape, engine: engine) { name in
        let tensor = try random.tensor(name)
        return try Tensor(shape: tensor.shape, values: tensor.values.map { factor * $0 })
      }
      try plan.input.write(noise(shape.count))
      try plan.run()
      return try plan.output("y").floats()
    }
    let (first, second, again) = (try result(1), try result(-2), try result(1))
    #expect(first != second)
    #expect(first == again)
  }

  @Test func wrongShapesAreNamed() throws {
    let graph = Self.detectorGraph()
    let engine = try Engine(f32Options[1])
    let random = RandomParameters(for: graph.parameters)
    #expect(throws: EngineError.self) {
      try InferencePlan(
        graph, input: ActivationShape(batch: 1, height: 64, width: 64, channels: 4),
        engine: engine
      ) { try random.tensor($0) }
    }
    let wrong = try Tensor(shape: [1], values: [0])
    #expect(
      throws: EngineError.parameterShape(
        name: "backbone.body.conv1.weight", expected: [64, 3, 7, 7], found: [1])
    ) {
      try InferencePlan(
        graph, input: ActivationShape(batch: 1, height: 64, width: 64, channels: 3),
        engine: engine
      ) { _ in wrong }
    }
    #expect(throws: EngineError.threads(0)) { try Engine(EngineOptions(threads: 0)) }
  }
}

private final class Counter {
  var value = 0
}

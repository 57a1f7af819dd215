import Networks
import Tensors
import Testing

@testable import Engine

/// Whole networks with gradients: backends against each other, plans against each other, gradients
/// against finite differences.
@Suite struct TrainingPlanTests {
  /// A small residual network with everything a ResNet has: stem, pooling, identity and projected
  /// shortcuts.
  static func network(pools: Bool = false) -> Graph {
    var graph = Graph()
    let input = graph.input(channels: 3)
    func normalized(_ x: NodeID, _ name: String, _ from: Int, _ to: Int, _ stride: Int) -> NodeID {
      graph.batchNormalization(
        graph.convolution(x, name: name, from: from, to: to, kernel: 3, stride: stride),
        name: name + ".bn", channels: to, epsilon: 1e-5)
    }
    var x = graph.relu(normalized(input, "stem", 3, 16, 1))
    if pools { x = graph.maxPool(x, Window(size: 3, stride: 2, padding: 1)) }
    let identity = normalized(graph.relu(normalized(x, "a", 16, 16, 1)), "b", 16, 16, 1)
    x = graph.relu(graph.add(identity, x))
    let main = normalized(graph.relu(normalized(x, "c", 16, 32, 2)), "d", 32, 32, 1)
    let shortcut = graph.batchNormalization(
      graph.convolution(x, name: "s", from: 16, to: 32, kernel: 1, stride: 2), name: "s.bn",
      channels: 32, epsilon: 1e-5)
    x = graph.relu(graph.add(main, shortcut))
    graph.output(graph.globalAveragePool(x), name: "embedding", fullPrecision: true)
    return graph
  }

  /// - Parameter isSmooth: whether every ReLU is far from its corner, on or off by channel: finite
  ///   differences know no corners.
  static func store(_ graph: Graph, isSmooth: Bool = false) throws -> ParameterStore {
    let random = RandomParameters(for: graph.parameters)
    return try ParameterStore(graph.parameters) { name in
      var tensor = try random.tensor(name)
      if isSmooth, name.hasSuffix(".bn.bias") {
        for channel in tensor.values.indices {
          tensor.values[channel] += channel % 3 == 0 ? -30 : 6
        }
      }
      return tensor
    }
  }

  static let shape = ActivationShape(batch: 6, height: 12, width: 12, channels: 3)

  struct Outcome {
    var embedding: [Float]
    var inputGradient: [Float]
    var gradients: [String: [Float]]
  }

  static func train(
    _ graph: Graph, _ options: EngineOptions, _ statistics: NormalizationStatistics,
    x: [Float], dy: [Float], isSmooth: Bool = false
  ) throws -> Outcome {
    let store = try store(graph, isSmooth: isSmooth)
    let plan = try TrainingPlan(
      graph, input: shape, engine: Engine(options), store: store, wantsInputGradient: true)
    try plan.input.write(x)
    try plan.forward(statistics)
    try plan.outputGradient("embedding").write(dy)
    try plan.backward()
    let trained = graph.parameters.filter { !$0.isStatistic }
    return Outcome(
      embedding: try plan.output("embedding").floats(),
      inputGradient: plan.inputGradient?.floats() ?? [],
      gradients: Dictionary(
        uniqueKeysWithValues: try trained.map { ($0.name, try store.gradient($0.name).values) }))
  }

  @Test(arguments: [true, false], [NormalizationStatistics.batch(updatesStored: false), .stored])
  func backendsAgree(pools: Bool, statistics: NormalizationStatistics) throws {
    let graph = Self.network(pools: pools)
    let x = noise(Self.shape.count)
    let dy = noise(6 * 32, seed: 2)
    let plain = try Self.train(
      graph, EngineOptions(backend: .plain, precision: .f32, threads: 1), statistics, x: x, dy: dy)
    for options in f32Options.dropLast() {
      let found = try Self.train(graph, options, statistics, x: x, dy: dy)
      #expect(relativeError(found.embedding, plain.embedding) < 1e-4)
      #expect(relativeError(found.inputGradient, plain.inputGradient) < 1e-4)
      for (name, gradient) in plain.gradients {
        #expect(relativeError(found.gradients[name] ?? [], gradient) < 1e-4, "\(name)")
      }
    }
  }

  /// Along the gradient of Σ dy · embedding the slope is the gradient's length, for each parameter and
  /// the input. (Along other directions it is small beside what f32 sums round off.)
  @Test(arguments: [NormalizationStatistics.batch(updatesStored: false), .stored])
  func gradientsAreThoseOfFiniteDifferences(statistics: NormalizationStatistics) throws {
    let graph = Self.network()
    let x = noise(Self.shape.count)
    let dy = noise(6 * 32, seed: 2)
    let options = EngineOptions(backend: .openblas, precision: .f32, threads: 1)
    let found = try Self.train(graph, options, statistics, x: x, dy: dy, isSmooth: true)
    let store = try Self.store(graph, isSmooth: true)
    let plan = try TrainingPlan(graph, input: Self.shape, engine: Engine(options), store: store)
    func value(_ pictures: [Float]) throws -> Double {
      try plan.load()
      try plan.input.write(pictures)
      try plan.forward(statistics)
      let y = try plan.output("embedding").floats()
      return zip(y, dy).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    func length(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    /// (slope found, slope expected)
    func slopes(
      at point: [Float], _ gradient: [Float], _ evaluate: ([Float]) throws -> Double
    ) throws -> (Double, Double) {
      let step = 2e-3 * length(point)
      let unit = gradient.map { $0 / length(gradient) }
      func moved(_ sign: Float) throws -> Double {
        try evaluate(zip(point, unit).map { $0 + sign * step * $1 })
      }
      return ((try moved(1) - moved(-1)) / Double(2 * step), Double(length(gradient)))
    }
    for (name, gradient) in found.gradients.sorted(by: { $0.key < $1.key }) {
      let values = try store.values(name)
      let before = Array(values)
      let (slope, expected) = try slopes(at: before, gradient) { point in
        _ = values.update(from: point)
        defer { _ = values.update(from: before) }
        return try value(x)
      }
      #expect(abs(slope - expected) < 0.02 * expected, "\(name): \(slope), \(expected)")
    }
    let (slope, expected) = try slopes(at: x, found.inputGradient, value)
    #expect(abs(slope - expected) < 0.02 * expected, "input: \(slope), \(expected)")
  }

  /// Folded and cut into pieces of 4 and 2 pictures, the input's gradient is the same.
  @Test(arguments: f32Options, [true, false])
  func foldedPlanFindsTheSameGradient(options: EngineOptions, pools: Bool) throws {
    let graph = Self.network(pools: pools)
    let x = noise(Self.shape.count)
    let dy = noise(6 * 32, seed: 2)
    let expected = try Self.train(graph, options, .stored, x: x, dy: dy)
    let plan = try InputGradientPlan(
      graph, input: Self.shape, engine: Engine(options), store: Self.store(graph), piece: 4)
    let embeddings = FloatBuffer(count: 6 * plan.dimension)
    let gradients = FloatBuffer(count: x.count)
    for _ in 0..<2 {
      try x.withUnsafeBufferPointer { try plan.forward($0, into: embeddings.values) }
      try dy.withUnsafeBufferPointer { try plan.backward($0, into: gradients.values) }
    }
    #expect(relativeError(Array(embeddings.values), expected.embedding) < 1e-4)
    #expect(relativeError(Array(gradients.values), expected.inputGradient) < 1e-4)
  }

  @Test func halfPrecisionComesClose() throws {
    let half = EngineOptions(precision: .bf16, threads: 2)
    guard try Engine(half).precision == .bf16 else { return }
    let graph = Self.network()
    let x = noise(Self.shape.count)
    let dy = noise(6 * 32, seed: 2)
    let full = try Self.train(
      graph, EngineOptions(precision: .f32, threads: 2), .batch(updatesStored: false), x: x, dy: dy)
    let found = try Self.train(graph, half, .batch(updatesStored: false), x: x, dy: dy)
    #expect(relativeError(found.embedding, full.embedding) < 0.03)
    for (name, gradient) in full.gradients {
      let product = zip(gradient, found.gradients[name] ?? []).reduce(0) { $0 + $1.0 * $1.1 }
      func length(_ values: [Float]) -> Float { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      // Rounding moves single ReLUs across 0; the direction stays.
      #expect(product / (length(gradient) * length(found.gradients[name] ?? [])) > 0.95, "\(name)")
    }
  }

  @Test func gradientsAddUpWhereAsked() throws {
    let graph = Self.network()
    let store = try Self.store(graph)
    let options = EngineOptions(precision: .f32, threads: 2)
    let plan = try TrainingPlan(graph, input: Self.shape, engine: Engine(options), store: store)
    try plan.input.write(noise(Self.shape.count))
    try plan.outputGradient("embedding").write(noise(6 * 32, seed: 2))
    try plan.forward(.stored)
    try plan.backward()
    let once = try graph.parameters.filter { !$0.isStatistic }.map {
      try store.gradient($0.name).values
    }
    try plan.forward(.stored)
    try plan.backward(accumulates: true)
    for (specification, first) in zip(graph.parameters.filter { !$0.isStatistic }, once) {
      let found = try store.gradient(specification.name).values
      #expect(relativeError(found, first.map { 2 * $0 }) < 1e-5, "\(specification.name)")
    }
  }

  @Test(arguments: [Precision.f32, .bf16])
  func plansThatTakeTurnsMayShareTheirMemory(precision: Precision) throws {
    let graph = Self.network()
    let options = EngineOptions(precision: precision, threads: 2)
    let (x, dy) = (noise(Self.shape.count), noise(6 * 32, seed: 2))
    let expected = try Self.train(graph, options, .stored, x: x, dy: dy)
    let (first, second) = (try Self.store(graph), try Self.store(graph))
    let one = try TrainingPlan(
      graph, input: Self.shape, engine: Engine(options), store: first, wantsInputGradient: true)
    let other = try TrainingPlan(
      graph, input: Self.shape, engine: Engine(options), store: second, sharingMemoryOf: one)
    #expect(other.memoryBytes < one.memoryBytes / 4, "\(other.memoryBytes) \(one.memoryBytes)")
    for (plan, store) in [(one, first), (other, second), (one, first)] {
      try plan.input.write(x)
      try plan.forward(.stored)
      let embedding = try plan.output("embedding").floats()
      try plan.outputGradient("embedding").write(dy)
      try plan.backward()
      #expect(embedding == expected.embedding)
      for (name, gradient) in expected.gradients {
        #expect(try store.gradient(name).values == gradient, "\(name)")
      }
    }
    #expect(one.inputGradient?.floats() == expected.inputGradient)
    // One that needs more than there is has its own.
    var larger = Self.shape
    larger.batch *= 2
    let own = try TrainingPlan(
      graph, input: larger, engine: Engine(options), store: second, sharingMemoryOf: one)
    #expect(own.memoryBytes > one.memoryBytes)
  }

  @Test func frozenLayersKeepTheirGradients() throws {
    let graph = Self.network()
    let store = try Self.store(graph)
    let plan = try TrainingPlan(
      graph, input: Self.shape, engine: Engine(EngineOptions(precision: .f32, threads: 2)),
      store: store, isTrained: { $0.hasPrefix("d") })
    try plan.input.write(noise(Self.shape.count))
    try plan.outputGradient("embedding").write(noise(6 * 32, seed: 2))
    try plan.forward(.stored)
    try plan.backward()
    #expect(try store.gradient("a.weight").values.allSatisfy { $0 == 0 })
    #expect(try store.gradient("d.weight").values.contains { $0 != 0 })
  }

  /// A backbone that trains within what the issue of memory allows: batch 128 in f32.
  @Test func aBatchOfCIFARFitsItsMemory() throws {
    let graph = ResNet(depth: .resnet18, stem: .cifar).classifier(classes: nil)
    let random = RandomParameters(for: graph.parameters)
    let store = try ParameterStore(graph.parameters) { try random.tensor($0) }
    let plan = try TrainingPlan(
      graph, input: ActivationShape(batch: 128, height: 32, width: 32, channels: 3),
      engine: Engine(EngineOptions(precision: .f32, threads: 2)), store: store)
    // Parameters, gradients, velocities and two packed copies: 5 × 45 MB.
    #expect(plan.memoryBytes + 5 * store.count * 4 < 1_200_000_000)
  }

  @Test func descentIsPyTorchs() throws {
    let specification = ParameterSpecification(name: "w", shape: [3])
    let store = try ParameterStore([specification]) { _ in
      try Tensor(shape: [3], values: [1, -2, 0.5])
    }
    let optimiser = try StochasticGradientDescent(store, momentum: 0.9, weightDecay: 0.1)
    for _ in 0..<2 {
      _ = try store.gradients("w").update(from: [0.5, 0.25, -1] as [Float])
      try optimiser.step(rate: 0.1)
    }
    // torch.optim.SGD([w], lr=0.1, momentum=0.9, weight_decay=0.1), two steps with these gradients.
    let expected: [Float] = [0.8266000, -2.0144501, 0.7745500]
    for (found, expected) in zip(try store.values("w"), expected) {
      #expect(abs(found - expected) < 1e-6)
    }
  }
}

import Networks

/// A graph compiled with its gradients for one input shape. Running it allocates nothing of a size
/// that depends on the pictures. One thread uses it.
final class DifferentiablePlan {
  let input: Activation
  let inputGradient: Activation?
  let outputNames: [String]
  let memoryBytes: Int
  let state: DifferentiableState
  /// Seconds spent in each kind of operation since they were last cleared.
  var seconds: [Schedule.Operation: Double] = [:]

  private let engine: Engine
  private let memory: ScheduleMemory
  private let views: [StepMemory]
  private let steps: [Schedule.Step]
  private let forwardSteps: Int
  private let outputs: [String: Activation]
  private let outputGradients: [String: Activation]
  private let loaders: [() throws -> Void]

  /// - Parameters:
  ///   - slots: how many forward passes may wait for their backward pass.
  ///   - other: a plan whose memory is used where it is large enough.
  init(
    _ graph: Graph, input shape: ActivationShape, engine: Engine, store: ParameterStore,
    options: DifferentiableOptions, slots: Int = 1, sharing other: DifferentiablePlan? = nil
  ) throws {
    self.engine = engine
    engine.prepareThread()
    let state = DifferentiableState(store: store)
    var builder = try DifferentiableBuilder(
      graph, input: shape, engine: engine, state: state, options: options)
    try builder.appendForward()
    forwardSteps = builder.schedule.steps.count
    try Gradients.append(to: &builder)
    let memory = try builder.schedule.memory(slots: slots, sharing: other?.memory)
    func activation(_ node: Int, _ buffer: BufferID) -> Activation {
      Activation(
        shape: builder.shapes[node], precision: builder.precision(node),
        bytes: memory.bytes(buffer, count: builder.bytes(node)))
    }
    self.state = state
    self.memory = memory
    views = (0..<slots).map { memory.view(slot: $0) }
    steps = builder.schedule.steps
    loaders = builder.loaders
    memoryBytes = memory.bytes
    outputNames = graph.outputs.map(\.name)
    input = activation(builder.inputNode, try builder.buffer(builder.inputNode))
    inputGradient = builder.inputGradient.map { activation(builder.inputNode, $0) }
    var outputs: [String: Activation] = [:]
    var outputGradients: [String: Activation] = [:]
    for output in graph.outputs {
      outputs[output.name] = activation(
        output.node.index, try builder.buffer(output.node.index))
      outputGradients[output.name] = builder.outputGradients[output.name].map {
        activation(output.node.index, $0)
      }
    }
    self.outputs = outputs
    self.outputGradients = outputGradients
    try load()
  }

  /// Takes the store's parameters as they are now.
  func load() throws {
    engine.prepareThread()
    for loader in loaders { try loader() }
  }

  func output(_ name: String) throws -> Activation { try find(name, in: outputs) }

  /// Where the gradient of a result goes before a backward pass.
  func outputGradient(_ name: String) throws -> Activation { try find(name, in: outputGradients) }

  private func find(_ name: String, in activations: [String: Activation]) throws -> Activation {
    guard let found = activations[name] else {
      throw EngineError.unknownOutput(name: name, known: outputNames)
    }
    return found
  }

  func forward(slot: Int = 0) throws { try run(steps[..<forwardSteps], slot: slot) }

  func backward(slot: Int = 0) throws { try run(steps[forwardSteps...], slot: slot) }

  /// Runs the convolutions of both passes and nothing else: the least that a pass could take with
  /// these kernels.
  func runConvolutionsAlone(forward: Bool, backward: Bool, slot: Int = 0) throws {
    if forward {
      try run(steps[..<forwardSteps].filter { $0.operation == .convolution }, slot: slot)
    }
    if backward {
      try run(steps[forwardSteps...].filter { $0.operation == .convolution }, slot: slot)
    }
  }

  private func run(_ steps: some Sequence<Schedule.Step>, slot: Int) throws {
    engine.prepareThread()
    let clock = ContinuousClock()
    var started = clock.now
    for step in steps {
      try step.work(views[slot])
      let now = clock.now
      seconds[step.operation, default: 0] += (now - started).seconds
      started = now
    }
  }
}

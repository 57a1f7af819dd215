import Networks

/// A graph compiled for one input shape: folded, fused, its memory laid out. Running it allocates
/// nothing. One thread uses it.
public final class InferencePlan {
  /// Where the pictures go before a run.
  public let input: Activation
  /// Names of the results.
  public let outputNames: [String]
  /// Seconds that each stage of the last run took, in the order of the stages.
  public private(set) var stageSeconds: [(stage: String, seconds: Double)]
  /// Bytes of activations and scratch.
  public let memoryBytes: Int

  private struct Step {
    let kernel: any Kernel
    let inputs: [UnsafeRawPointer]
    let output: UnsafeMutableRawPointer
    let stage: Int
  }

  private let engine: Engine
  private let arena: Arena
  private let scratch: Arena
  private let steps: [Step]
  private let outputs: [String: Activation]

  /// Compiles a graph.
  /// - Parameters:
  ///   - input: the pictures' shape.
  ///   - parameters: gives each parameter the graph names; asked once per packed layout.
  ///   - packed: what other plans of the same parameters have packed already.
  /// - Throws: `EngineError`, or what `parameters` throws.
  public init(
    _ graph: Graph, input shape: ActivationShape, engine: Engine,
    parameters: @escaping ParameterSource, packed: PackedParameters = PackedParameters()
  ) throws {
    self.engine = engine
    engine.prepareThread()
    let program = engine.implementation.adapt(
      try Lowering.program(for: graph, input: shape, precision: engine.precision))
    let memory = MemoryPlan(program)
    let arena = try Arena(byteCount: memory.bytes)
    func activation(_ id: ValueID) -> Activation {
      let value = program[id]
      return Activation(
        shape: value.shape, precision: value.precision,
        bytes: arena.slice(
          offset: memory.offsets[id.index], count: value.shape.count * value.precision.bytes))
    }
    func address(_ id: ValueID) -> UnsafeMutableRawPointer {
      arena.bytes.baseAddress.unsafelyUnwrapped + memory.offsets[id.index]
    }

    let folded = FoldedParameters(source: parameters, packed: packed)
    var stages: [String] = []
    var steps: [Step] = []
    for step in program.steps {
      let inputs = step.inputs.map { program[$0] }
      let output = program[step.output]
      let kernel = try engine.makeKernel(
        for: step, inputs: inputs, output: output, parameters: folded)
      if stages.last != step.stage { stages.append(step.stage) }
      steps.append(
        Step(
          kernel: kernel, inputs: step.inputs.map { UnsafeRawPointer(address($0)) },
          output: address(step.output), stage: stages.count - 1))
    }
    self.arena = arena
    self.steps = steps
    scratch = try Arena(byteCount: steps.map(\.kernel.scratchBytes).max() ?? 0)
    memoryBytes = memory.bytes + scratch.bytes.count
    self.input = activation(program.input)
    outputNames = program.outputs.map(\.name)
    outputs = Dictionary(
      program.outputs.map { ($0.name, activation($0.value)) },
      uniquingKeysWith: { first, _ in first }
    )
    stageSeconds = stages.map { ($0, 0) }
  }

  /// A result, valid until the next run.
  /// - Throws: `EngineError.unknownOutput`.
  public func output(_ name: String) throws -> Activation {
    guard let output = outputs[name] else {
      throw EngineError.unknownOutput(name: name, known: outputNames)
    }
    return output
  }

  /// Computes the results from what `input` holds. The input's memory may be reused meanwhile: it is
  /// written anew before each run.
  /// - Throws: `EngineError.library` where a kernel fails.
  public func run() throws {
    engine.prepareThread()
    let clock = ContinuousClock()
    let scratch = self.scratch.bytes.baseAddress.unsafelyUnwrapped
    for index in stageSeconds.indices { stageSeconds[index].seconds = 0 }
    var started = clock.now
    var stage = 0
    for step in steps {
      if step.stage != stage {
        let now = clock.now
        stageSeconds[stage].seconds = (now - started).seconds
        started = now
        stage = step.stage
      }
      try step.kernel.run(inputs: step.inputs, output: step.output, scratch: scratch)
    }
    if !stageSeconds.isEmpty { stageSeconds[stage].seconds = (clock.now - started).seconds }
  }

  /// What runs for each step, with the shape of its result, for people.
  public var listing: [(stage: String, implementation: String)] {
    steps.map { (stageSeconds[$0.stage].stage, $0.kernel.implementation) }
  }
}

extension Duration {
  /// In seconds.
  public var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

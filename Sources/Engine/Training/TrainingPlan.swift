import Networks

/// A graph compiled for training: convolution, batch normalisation on the batch's statistics or the
/// stored ones, pooling, linear layers, and the gradients of all of them. In bf16 the master copy of
/// the parameters stays f32, and so do the sums of gradients. One thread uses it.
public final class TrainingPlan {
  private let plan: DifferentiablePlan

  /// Compiles a graph.
  /// - Parameters:
  ///   - shape: the pictures' shape; a batch has always this many.
  ///   - store: the parameters, read at each forward pass, and where their gradients go.
  ///   - isTrained: whether a parameter's gradient is wanted. Layers before the first such one cost
  ///     nothing in the backward pass.
  ///   - wantsInputGradient: whether the gradient of the pictures is wanted too.
  ///   - allowsWinograd: whether f32 convolutions may run by Winograd's algorithm, whose weights take
  ///     four times the memory.
  ///   - other: a plan whose memory this one uses too, where it is large enough. From one's forward pass
  ///     to the end of its backward pass, the results' reading included, the other must not be touched.
  /// - Throws: `EngineError` where a shape does not fit, an operation has no gradient here or memory
  ///   is short.
  public init(
    _ graph: Graph, input shape: ActivationShape, engine: Engine, store: ParameterStore,
    wantsInputGradient: Bool = false, allowsWinograd: Bool = false,
    sharingMemoryOf other: TrainingPlan? = nil,
    isTrained: @escaping (_ name: String) -> Bool = { _ in true }
  ) throws {
    plan = try DifferentiablePlan(
      graph, input: shape, engine: engine, store: store,
      options: DifferentiableOptions(
        foldsNormalization: false, wantsInputGradient: wantsInputGradient,
        allowsWinograd: allowsWinograd, isTrained: isTrained),
      sharing: other?.plan)
  }

  /// Where the normalised pictures go before a forward pass.
  public var input: Activation { plan.input }
  /// The gradient of the pictures, where it was asked for.
  public var inputGradient: Activation? { plan.inputGradient }
  /// Names of the results.
  public var outputNames: [String] { plan.outputNames }
  /// Bytes of activations, gradients of activations and scratch, less those of another plan that it uses.
  public var memoryBytes: Int { plan.memoryBytes }
  /// Seconds spent in each kind of operation since the plan was made.
  public var secondsByOperation: [String: Double] {
    Dictionary(
      plan.seconds.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// A result of the last forward pass.
  /// - Throws: `EngineError.unknownOutput`.
  public func output(_ name: String) throws -> Activation { try plan.output(name) }

  /// Where the gradient of the loss by a result goes before a backward pass. Zero at first.
  /// - Throws: `EngineError.unknownOutput`.
  public func outputGradient(_ name: String) throws -> Activation {
    try plan.outputGradient(name)
  }

  /// Takes over the parameters after they have changed.
  public func load() throws { try plan.load() }

  /// Computes the results from what `input` holds.
  public func forward(_ statistics: NormalizationStatistics) throws {
    plan.state.statistics = statistics
    try plan.forward()
  }

  /// Computes the gradients of the last forward pass from what the results' gradients hold.
  /// - Parameter accumulates: whether the parameters' gradients are added to those that are there.
  public func backward(accumulates: Bool = false) throws {
    plan.state.accumulates = accumulates
    try plan.backward()
  }

  /// Runs the plan's convolutions and nothing else, for measurements.
  public func runConvolutionsAlone(forward: Bool = true, backward: Bool = true) throws {
    try plan.runConvolutionsAlone(forward: forward, backward: backward)
  }
}

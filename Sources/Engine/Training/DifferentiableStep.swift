import Networks

/// One operation of a plan with gradients. Values go by the index of the node that computes them.
struct DifferentiableStep {
  enum Kind {
    /// As inference runs it: normalisation on stored statistics folded in, with the residual (the
    /// second input) and the ReLU. Its parameters do not change within the plan.
    case foldedConvolution(FusedConvolution)
    case convolution(Convolution)
    /// Batch normalisation, plus a residual (the second input) where there are two, rectified or not.
    case normalization(BatchNormalization, relu: Bool)
    case relu
    /// Sum of two inputs, rectified or not.
    case add(relu: Bool)
    case maxPool(Window)
    case globalAveragePool
    case linear(Linear)
    /// Nearest-neighbour enlargement of the first input to its output's size.
    case upsampleNearest
  }

  let kind: Kind
  let inputs: [Int]
  let output: Int
  let stage: String

  /// The parameters a gradient may be wanted of.
  var parameterNames: [String] {
    switch kind {
    case .convolution(let convolution): convolution.parameterNames
    case .normalization(let normalization, _):
      [normalization.name + ".weight", normalization.name + ".bias"]
    case .linear(let linear): [linear.name + ".weight", linear.name + ".bias"]
    case .foldedConvolution, .relu, .add, .maxPool, .globalAveragePool, .upsampleNearest: []
    }
  }
}

extension Convolution {
  fileprivate var parameterNames: [String] {
    hasBias ? [name + ".weight", name + ".bias"] : [name + ".weight"]
  }
}

/// Turns a graph into steps with gradients: what follows a normalisation (sum, ReLU) joins it, and
/// with `folds` the normalisation joins the convolution before it.
struct DifferentiableLowering {
  private let graph: Graph
  private let folds: Bool
  private let isPrivate: [Bool]

  /// The steps in order, those whose result nobody reads left out.
  static func steps(of graph: Graph, foldsNormalization: Bool) throws -> [DifferentiableStep] {
    try DifferentiableLowering(graph, folds: foldsNormalization).run()
  }

  private init(_ graph: Graph, folds: Bool) {
    self.graph = graph
    self.folds = folds
    var uses = [Int](repeating: 0, count: graph.nodes.count)
    for node in graph.nodes { for input in node.inputs { uses[input.index] += 1 } }
    for output in graph.outputs { uses[output.node.index] += 2 }
    isPrivate = uses.map { $0 == 1 }
  }

  private func run() throws -> [DifferentiableStep] {
    var taken = Set<Int>()
    var steps: [DifferentiableStep] = []
    for index in graph.nodes.indices.reversed() where !taken.contains(index) {
      guard let (step, members) = try step(endingAt: index) else { continue }
      taken.formUnion(members)
      steps.append(step)
    }
    return steps.reversed()
  }

  private func step(endingAt end: Int) throws -> (DifferentiableStep, members: [Int])? {
    var index = end
    var members: [Int] = []
    func enter(_ next: Int) {
      members.append(next)
      index = next
    }
    var relu = false
    var residual: [Int] = []
    if case .relu = operation(index), let inner = privateInput(of: index, isJoinable) {
      relu = true
      enter(inner)
    }
    if case .add = operation(index) {
      let operands = graph.nodes[index].inputs.map(\.index)
      if operands[0] != operands[1],
        let joined = operands.firstIndex(where: { isPrivate[$0] && isNormalization($0) })
      {
        residual = [operands[1 - joined]]
        enter(operands[joined])
      } else {
        return (make(.add(relu: relu), operands, end, index), members)
      }
    }
    let inputs = graph.nodes[index].inputs.map(\.index)
    switch operation(index) {
    case .input: return nil
    case .batchNormalization(let normalization):
      if folds, let inner = privateInput(of: index, isConvolution),
        case .convolution(let convolution) = operation(inner)
      {
        let fused = FusedConvolution(
          convolution: convolution, normalization: normalization,
          accumulates: !residual.isEmpty, relu: relu)
        let inputs = graph.nodes[inner].inputs.map(\.index) + residual
        return (make(.foldedConvolution(fused), inputs, end, inner), members + [inner])
      }
      return (
        make(.normalization(normalization, relu: relu), inputs + residual, end, index), members
      )
    case .convolution(let convolution):
      guard folds else { return (make(.convolution(convolution), inputs, end, index), members) }
      let fused = FusedConvolution(
        convolution: convolution, normalization: nil, accumulates: false, relu: false)
      return (make(.foldedConvolution(fused), inputs, end, index), members)
    case .relu: return (make(.relu, inputs, end, index), members)
    case .add: return (make(.add(relu: relu), inputs, end, index), members)
    case .maxPool(let window): return (make(.maxPool(window), inputs, end, index), members)
    case .globalAveragePool: return (make(.globalAveragePool, inputs, end, index), members)
    case .linear(let linear): return (make(.linear(linear), inputs, end, index), members)
    case .upsampleNearest:
      // The second input gives its size alone.
      return (make(.upsampleNearest, [inputs[0]], end, index), members)
    }
  }

  private func make(
    _ kind: DifferentiableStep.Kind, _ inputs: [Int], _ output: Int, _ base: Int
  ) -> DifferentiableStep {
    DifferentiableStep(
      kind: kind, inputs: inputs, output: output, stage: graph.nodes[base].stage)
  }

  private func operation(_ index: Int) -> Operation { graph.nodes[index].operation }

  private func privateInput(of index: Int, _ condition: (Int) -> Bool) -> Int? {
    let input = graph.nodes[index].inputs[0].index
    return isPrivate[input] && condition(input) ? input : nil
  }

  private func isJoinable(_ index: Int) -> Bool {
    if case .add = operation(index) { return true }
    return isNormalization(index)
  }

  private func isNormalization(_ index: Int) -> Bool {
    if case .batchNormalization = operation(index) { return true }
    return false
  }

  private func isConvolution(_ index: Int) -> Bool {
    if case .convolution = operation(index) { return true }
    return false
  }
}

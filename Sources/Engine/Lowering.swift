import Networks

/// Turns a graph into the steps of inference: batch normalisation is folded into the convolution
/// before it; bias, residual sum and ReLU become part of the convolution that feeds them.
struct Lowering {
  private let graph: Graph
  private let shapes: [ActivationShape]
  private let precision: Precision
  private let uses: [Int]
  private let resultNodes: Set<Int>
  private var program = Program()
  private var valueOfNode: [Int: ValueID] = [:]
  private var remainingUses: [Int]

  static func program(
    for graph: Graph, input: ActivationShape, precision: Precision
  ) throws -> Program {
    var lowering = try Lowering(graph, input, precision)
    return lowering.run()
  }

  private init(_ graph: Graph, _ input: ActivationShape, _ precision: Precision) throws {
    self.graph = graph
    self.precision = precision
    shapes = try ShapeInference.shapes(of: graph, input: input)
    var uses = [Int](repeating: 0, count: graph.nodes.count)
    for node in graph.nodes {
      // An enlargement reads its second input's size, not its values.
      for input in node.operation == .upsampleNearest ? Array(node.inputs.prefix(1)) : node.inputs {
        uses[input.index] += 1
      }
    }
    resultNodes = Set(graph.outputs.map(\.node.index))
    self.uses = uses
    remainingUses = uses
  }

  private mutating func run() -> Program {
    var fused = Set<Int>()
    var roots: [(root: Int, chain: Chain?)] = []
    // From the end, so that a chain takes in all it can before its parts are looked at.
    for index in graph.nodes.indices.reversed() where !fused.contains(index) {
      let chain = chain(endingAt: index)
      fused.formUnion(chain?.members ?? [])
      roots.append((index, chain))
    }
    for (root, chain) in roots.reversed() { emit(root, chain) }
    for output in graph.outputs {
      guard var value = valueOfNode[output.node.index] else { continue }
      let wanted: Precision = output.isFullPrecision ? .f32 : precision
      if program[value].precision != wanted {
        value = append(.copy, [value], program[value].shape, wanted, stage: "output")
      }
      program.outputs.append((output.name, value))
    }
    return program
  }
}

extension Lowering {
  /// Nodes that one kernel computes: a convolution, or a sum or linear layer, and what follows it.
  private struct Chain {
    var members: Set<Int> = []
    var base: Int
    var normalization: BatchNormalization?
    /// The other operand of the sum.
    var residual: Int?
    var relu = false
  }

  /// A node may be taken into its reader's kernel where nobody else reads it.
  private func isPrivate(_ index: Int) -> Bool {
    uses[index] == 1 && !resultNodes.contains(index)
  }

  private func chain(endingAt end: Int) -> Chain? {
    var chain = Chain(base: end)
    var index = end
    func stepInto(_ next: Int) -> Bool {
      guard isPrivate(next) else { return false }
      chain.members.insert(next)
      index = next
      return true
    }
    if case .relu = graph.nodes[index].operation {
      chain.relu = true
      guard stepInto(graph.nodes[index].inputs[0].index) else { return nil }
    }
    if case .add = graph.nodes[index].operation {
      let operands = graph.nodes[index].inputs.map(\.index)
      guard operands[0] != operands[1],
        let taken = operands.firstIndex(where: { endsInConvolution($0) })
      else {
        chain.base = index
        return chain
      }
      chain.residual = operands[1 - taken]
      guard stepInto(operands[taken]) else { return nil }
    }
    if case .batchNormalization(let normalization) = graph.nodes[index].operation {
      let source = graph.nodes[index].inputs[0].index
      if case .convolution = graph.nodes[source].operation, stepInto(source) {
        chain.normalization = normalization
      }
    }
    chain.base = index
    switch graph.nodes[index].operation {
    case .convolution, .linear, .batchNormalization: return chain
    default: return nil
    }
  }

  /// Whether a node is a convolution, normalised or not, that can end in this sum.
  private func endsInConvolution(_ index: Int) -> Bool {
    guard isPrivate(index) else { return false }
    switch graph.nodes[index].operation {
    case .convolution: return true
    case .batchNormalization:
      let source = graph.nodes[index].inputs[0].index
      guard case .convolution = graph.nodes[source].operation else { return false }
      return isPrivate(source)
    default: return false
    }
  }
}

extension Lowering {
  private mutating func emit(_ root: Int, _ chain: Chain?) {
    let node = graph.nodes[root]
    guard let chain else {
      valueOfNode[root] = emitSingle(root, node)
      return
    }
    let base = graph.nodes[chain.base]
    let wantsFull = graph.outputs.contains { $0.node.index == root && $0.isFullPrecision }
    let inputs = base.inputs.map { read($0.index) }
    switch base.operation {
    case .convolution(let convolution):
      let residual = chain.residual.map {
        ownedCopy(of: $0, unless: inputs, stage: base.stage)
      }
      let fused = FusedConvolution(
        convolution: convolution, normalization: chain.normalization,
        accumulates: residual != nil, relu: chain.relu)
      valueOfNode[root] = append(
        .convolution(fused), inputs, shapes[root],
        wantsFull && residual == nil ? .f32 : precision, residual: residual, stage: base.stage)
    case .linear(let linear):
      valueOfNode[root] = append(
        .linear(FusedLinear(linear: linear, relu: chain.relu)), inputs, shapes[root],
        wantsFull ? .f32 : precision, stage: base.stage)
    case .batchNormalization(let normalization):
      valueOfNode[root] = append(
        .affine(normalization, relu: chain.relu), inputs, shapes[root], precision,
        stage: base.stage)
    default:
      valueOfNode[root] = append(
        .add(relu: chain.relu), inputs, shapes[root], precision, stage: base.stage)
    }
  }

  private mutating func emitSingle(_ root: Int, _ node: Node) -> ValueID {
    let shape = shapes[root]
    switch node.operation {
    case .input:
      program.input = program.makeValue(shape, precision)
      return program.input
    case .maxPool(let window):
      return append(.maxPool(window), [read(node.inputs[0].index)], shape, stage: node.stage)
    case .globalAveragePool:
      return append(
        .globalAveragePool, [read(node.inputs[0].index)], shape, .f32, stage: node.stage)
    case .upsampleNearest:
      return append(.upsampleNearest, [read(node.inputs[0].index)], shape, stage: node.stage)
    default:
      return append(.relu, [read(node.inputs[0].index)], shape, stage: node.stage)
    }
  }

  private mutating func read(_ index: Int) -> ValueID {
    remainingUses[index] -= 1
    return valueOfNode[index] ?? program.input
  }

  /// The residual's value for a kernel to add to: itself where nobody reads it later and the kernel
  /// itself does not read it, or a copy.
  private mutating func ownedCopy(
    of index: Int, unless inputs: [ValueID], stage: String
  ) -> ValueID {
    let value = read(index)
    let isFree =
      remainingUses[index] == 0 && !resultNodes.contains(index)
      && !inputs.contains(value)
    if isFree && value != program.input && program[value].precision == precision { return value }
    return append(.copy, [value], program[value].shape, stage: stage)
  }

  private mutating func append(
    _ kernel: LoweredStep.Kernel, _ inputs: [ValueID], _ shape: ActivationShape,
    _ precision: Precision? = nil, residual: ValueID? = nil, stage: String
  ) -> ValueID {
    let output = program.makeValue(shape, precision ?? self.precision)
    program.steps.append(
      LoweredStep(
        kernel: kernel, inputs: inputs, output: output, residual: residual, stage: stage))
    return output
  }
}

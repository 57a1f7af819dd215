import CKernels
import COpenBLAS
import Networks

/// What changes between runs of one plan.
final class DifferentiableState {
  let store: ParameterStore
  var statistics = NormalizationStatistics.stored
  /// Whether gradients of parameters are added to those that are there.
  var accumulates = false

  init(store: ParameterStore) { self.store = store }
}

/// What a plan is compiled for.
struct DifferentiableOptions {
  var foldsNormalization: Bool
  var wantsInputGradient: Bool
  /// Whether memory may be spent on Winograd's algorithm.
  var allowsWinograd = false
  var isTrained: (_ name: String) -> Bool
}

/// Compiles a graph to a schedule: the forward pass here, its gradients in `Gradients.swift`.
struct DifferentiableBuilder {
  let graph: Graph
  let steps: [DifferentiableStep]
  let shapes: [ActivationShape]
  let engine: Engine
  let options: DifferentiableOptions
  let state: DifferentiableState
  let inputNode: Int
  /// Whether a gradient of a node's value is wanted, for its own sake or what lies before it.
  private(set) var needsGradient: [Bool]

  var schedule = Schedule()
  /// Where each node's value lies.
  var values: [Int: BufferID] = [:]
  /// Bits of where rectified values are above 0.
  var masks: [Int: BufferID] = [:]
  /// Where in its window each maximum lay.
  var places: [Int: BufferID] = [:]
  var convolutions: [Int: any TrainableConvolution] = [:]
  var normalizations: [Int: NormalizationLayer] = [:]
  /// What brings the store's parameters into the kernels.
  var loaders: [() throws -> Void] = []
  /// The gradient of each result, which the plan's user writes.
  var outputGradients: [String: BufferID] = [:]
  var inputGradient: BufferID?

  init(
    _ graph: Graph, input shape: ActivationShape, engine: Engine, state: DifferentiableState,
    options: DifferentiableOptions
  ) throws {
    self.graph = graph
    self.engine = engine
    self.state = state
    self.options = options
    shapes = try ShapeInference.shapes(of: graph, input: shape)
    steps = try DifferentiableLowering.steps(
      of: graph, foldsNormalization: options.foldsNormalization)
    inputNode =
      graph.nodes.firstIndex { if case .input = $0.operation { true } else { false } } ?? 0
    needsGradient = .init(repeating: false, count: graph.nodes.count)
    needsGradient[inputNode] = options.wantsInputGradient
    for step in steps {
      needsGradient[step.output] =
        step.inputs.contains { needsGradient[$0] }
        || step.parameterNames.contains(where: options.isTrained)
    }
  }

  /// Sums over a picture and what follows them stay in f32; the rest is in the plan's precision.
  func precision(_ node: Int) -> Precision {
    switch graph.nodes[node].operation {
    case .globalAveragePool: .f32
    case .linear: precision(ofLinearOn: graph.nodes[node].inputs[0].index)
    case .relu, .add, .batchNormalization: precision(graph.nodes[node].inputs[0].index)
    case .input, .convolution, .maxPool, .upsampleNearest: engine.precision
    }
  }

  private func precision(ofLinearOn input: Int) -> Precision {
    shapes[input].isMap ? engine.precision : precision(input)
  }

  /// A linear layer over a map, or in half precision, as a convolution whose window is the map: its
  /// weights `[O, C·H·W]` lie in memory as a convolution's `[O, C, H, W]`. Nil for one over f32
  /// vectors, which is a plain matrix product.
  private func convolution(_ linear: Linear, on input: Int) throws -> Convolution? {
    let shape = shapes[input]
    guard shape.isMap || precision(input) == .bf16 else { return nil }
    guard shape.height == shape.width else {
      throw EngineError.shape(
        operation: "gradient of \(linear.name)", expected: "a square map", found: "\(shape)")
    }
    return Convolution(
      name: linear.name, inputChannels: shape.channels, outputChannels: linear.outputFeatures,
      window: Window(size: shape.height), hasBias: true)
  }

  func value(_ node: Int) -> Value { Value(shape: shapes[node], precision: precision(node)) }

  func bytes(_ node: Int) -> Int { shapes[node].count * precision(node).bytes }

  /// Memory for a node's value or gradient.
  mutating func newBuffer(_ node: Int) -> BufferID { schedule.buffer(bytes: bytes(node)) }

  func buffer(_ node: Int) throws -> BufferID {
    guard let buffer = values[node] else {
      throw EngineError.shape(
        operation: "schedule", expected: "a value of node \(node)", found: "none")
    }
    return buffer
  }

  mutating func appendForward() throws {
    values[inputNode] = schedule.buffer(bytes: bytes(inputNode), .pinned)
    let results = Set(graph.outputs.map(\.node.index))
    for node in results { values[node] = schedule.buffer(bytes: bytes(node), .pinned) }
    for (index, step) in steps.enumerated() {
      let target: BufferID
      if case .foldedConvolution(let fused) = step.kind, fused.accumulates {
        target = try accumulationTarget(step, isLastRead: isLastRead(step.inputs[1], at: index))
      } else {
        target = values[step.output] ?? newBuffer(step.output)
      }
      values[step.output] = target
      try append(step, into: target)
    }
  }

  /// Whether no later step reads a node's value.
  private func isLastRead(_ node: Int, at index: Int) -> Bool {
    !steps[(index + 1)...].contains { $0.inputs.contains(node) }
  }

  /// The memory that a convolution adds its result to: its residual's own where nobody reads that
  /// any more (gradients of folded plans read no values), a copy elsewhere.
  private mutating func accumulationTarget(
    _ step: DifferentiableStep, isLastRead: Bool
  ) throws -> BufferID {
    let residual = try buffer(step.inputs[1])
    let isResult = graph.outputs.contains {
      $0.node.index == step.output || $0.node.index == step.inputs[1]
    }
    if isLastRead && !isResult && step.inputs[0] != step.inputs[1] && step.inputs[1] != inputNode {
      return residual
    }
    let target = values[step.output] ?? newBuffer(step.output)
    let count = shapes[step.output].count
    let element = precision(step.output).kernelElement
    schedule.append(.merging, using: [residual, target]) {
      cs_merge($0[residual], nil, nil, $0[target], count, element)
    }
    return target
  }

  /// Keeps where values are above 0, for the gradient of the step's ReLU.
  @discardableResult
  private mutating func appendMask(_ step: DifferentiableStep, of y: BufferID) -> BufferID {
    let count = shapes[step.output].count
    let element = precision(step.output).kernelElement
    let mask = schedule.buffer(bytes: (count + 15) / 16 * 2, .perSlot)
    masks[step.output] = mask
    schedule.append(.merging, using: [y, mask]) {
      cs_positive_mask($0[y], $0[mask].assumingMemoryBound(to: UInt16.self), count, element)
    }
    return mask
  }

  private mutating func append(_ step: DifferentiableStep, into y: BufferID) throws {
    let x = try buffer(step.inputs[0])
    let state = self.state
    let (from, to) = (shapes[step.inputs[0]], shapes[step.output])
    let count = to.count
    let element = precision(step.inputs[0]).kernelElement
    switch step.kind {
    case .foldedConvolution(let fused):
      try appendConvolution(step, fused, hasBias: true, isFolded: true, x, y)
      if fused.relu && needsGradient[step.output] { appendMask(step, of: y) }
    case .convolution(let convolution):
      let fused = FusedConvolution(
        convolution: convolution, normalization: nil, accumulates: false, relu: false)
      try appendConvolution(step, fused, hasBias: convolution.hasBias, isFolded: false, x, y)
    case .normalization(let normalization, let relu):
      let layer = NormalizationLayer(
        normalization, shape: to, precision: precision(step.output), relu: relu)
      normalizations[step.output] = layer
      let residual = step.inputs.count > 1 ? try buffer(step.inputs[1]) : nil
      schedule.append(
        .normalization, using: [x, y] + (residual.map { [$0] } ?? []), scratch: layer.scratchBytes
      ) { memory in
        try layer.forward(
          memory[x], residual: residual.map { UnsafeRawPointer(memory[$0]) }, into: memory[y],
          scratch: memory.scratch, store: state.store, statistics: state.statistics)
      }
    case .relu:
      let mask = appendMask(step, of: x)
      // The mask is of the input, which has the same signs.
      schedule.append(.merging, using: [x, mask, y]) {
        cs_merge($0[x], nil, $0[mask].assumingMemoryBound(to: UInt16.self), $0[y], count, element)
      }
    case .add(let relu):
      let other = try buffer(step.inputs[1])
      schedule.append(.merging, using: [x, other, y]) {
        cs_merge($0[x], $0[other], nil, $0[y], count, element)
      }
      guard relu else { break }
      let mask = appendMask(step, of: y)
      schedule.append(.merging, using: [y, mask]) {
        cs_merge($0[y], nil, $0[mask].assumingMemoryBound(to: UInt16.self), $0[y], count, element)
      }
    case .maxPool(let window):
      let places = schedule.buffer(bytes: count, .perSlot)
      self.places[step.output] = places
      let job = cs_max_pool_job(window, from: from, to: to, element: element)
      schedule.append(.pooling, using: [x, y, places]) { memory in
        withUnsafePointer(to: job) {
          cs_max_pool(
            $0, memory[x], memory[y], memory[places].assumingMemoryBound(to: UInt8.self))
        }
      }
    case .globalAveragePool:
      schedule.append(.pooling, using: [x, y]) {
        cs_mean_pool(
          $0[x], from.batch, from.height * from.width, from.channels, element,
          $0[y].assumingMemoryBound(to: Float.self))
      }
    case .upsampleNearest:
      let kernel = UpsampleKernel(from: from, to: to, precision: precision(step.output))
      schedule.append(.merging, using: [x, y]) {
        try kernel.run(inputs: [$0[x]], output: $0[y], scratch: $0.scratch)
      }
    case .linear(let linear):
      guard let convolution = try convolution(linear, on: step.inputs[0]) else {
        return appendLinear(linear, from, x, y)
      }
      let fused = FusedConvolution(
        convolution: convolution, normalization: nil, accumulates: false, relu: false)
      try appendConvolution(step, fused, hasBias: true, isFolded: false, x, y)
    }
  }

  private mutating func appendConvolution(
    _ step: DifferentiableStep, _ fused: FusedConvolution, hasBias: Bool, isFolded: Bool,
    _ x: BufferID, _ y: BufferID
  ) throws {
    let convolution = fused.convolution
    let kernel = try engine.implementation.makeTrainable(
      TrainableConvolutionRequest(
        fused: fused, hasBias: hasBias, input: value(step.inputs[0]), output: value(step.output),
        wantsInputGradient: needsGradient[step.inputs[0]],
        wantsWeightGradient: !options.foldsNormalization
          && options.isTrained(convolution.name + ".weight"),
        allowsWinograd: options.allowsWinograd))
    convolutions[step.output] = kernel
    let store = state.store
    loaders.append {
      if isFolded {
        let folded = try FoldedParameters(source: { try store.tensor($0) }).convolution(fused)
        try kernel.load(weights: folded.weights, bias: folded.bias)
      } else {
        let bias = hasBias ? try store.values(convolution.name + ".bias").baseAddress : nil
        guard let weights = try store.values(convolution.name + ".weight").baseAddress else {
          return
        }
        try kernel.load(weights: weights, bias: bias.map { UnsafePointer($0) })
      }
    }
    schedule.append(.convolution, using: [x, y], scratch: kernel.scratchBytes) {
      try kernel.forward($0[x], into: $0[y], scratch: $0.scratch)
    }
  }

  private mutating func appendLinear(
    _ linear: Linear, _ from: ActivationShape, _ x: BufferID, _ y: BufferID
  ) {
    let store = state.store
    let (rows, columns, features) = (
      from.batch, linear.outputFeatures, linear.inputFeatures
    )
    schedule.append(.linear, using: [x, y]) { memory in
      let y = memory[y].assumingMemoryBound(to: Float.self)
      let bias = try store.values(linear.name + ".bias")
      for row in 0..<rows {
        for column in 0..<columns { y[row * columns + column] = bias[column] }
      }
      cs_sgemm_general(
        0, 1, Int32(rows), Int32(columns), Int32(features), 1,
        memory[x].assumingMemoryBound(to: Float.self), Int32(features),
        try store.values(linear.name + ".weight").baseAddress, Int32(features), 1, y,
        Int32(columns))
    }
  }
}

extension ActivationShape {
  /// Whether there is more than one position.
  fileprivate var isMap: Bool { height * width > 1 }
}

extension cs_max_pool_job {
  init(_ window: Window, from: ActivationShape, to: ActivationShape, element: Int32) {
    self.init(
      pictures: from.batch, height: from.height, width: from.width, channels: from.channels,
      out_height: to.height, out_width: to.width, window: window.size, stride: window.stride,
      padding: window.padding, element: element)
  }
}

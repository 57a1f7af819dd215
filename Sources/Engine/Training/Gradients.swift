import CKernels
import COpenBLAS
import Networks

/// The gradient of every operation: the one place where they stand.
///
/// Steps are visited from the last to the first. Each reads the gradient of its result, which is the
/// sum of what the result's readers have contributed, and contributes to its inputs' gradients.
struct Gradients {
  private struct Contribution {
    let buffer: BufferID
    /// Whether it may be overwritten.
    let isOwned: Bool
  }

  private var builder: DifferentiableBuilder
  private var contributions: [Int: [Contribution]] = [:]
  /// Parameters that a step has a gradient for already: a layer that stands in several places (the
  /// RPN's on each level) adds up.
  private var written: Set<String> = []

  /// Appends the backward pass to a builder that has its forward pass.
  static func append(to builder: inout DifferentiableBuilder) throws {
    var gradients = Gradients(builder: builder)
    try gradients.run()
    builder = gradients.builder
  }

  private init(builder: DifferentiableBuilder) { self.builder = builder }

  private mutating func run() throws {
    for output in builder.graph.outputs {
      let node = output.node.index
      let buffer = builder.schedule.buffer(bytes: builder.bytes(node), .pinned)
      builder.outputGradients[output.name] = buffer
      contributions[node, default: []].append(Contribution(buffer: buffer, isOwned: false))
    }
    for step in builder.steps.reversed() where builder.needsGradient[step.output] {
      guard let dy = takeGradient(of: step.output) else { continue }
      try append(step, dy)
    }
    guard builder.options.wantsInputGradient,
      let gradient = takeGradient(of: builder.inputNode)
    else { return }
    builder.inputGradient = gradient.buffer
    // Read after the run: its memory is needed to the end.
    builder.schedule.append(.merging, using: [gradient.buffer]) { _ in }
  }

  /// The sum of the contributions to a node's gradient, 0 where the node's ReLU was 0.
  private mutating func takeGradient(of node: Int) -> Contribution? {
    var parts = contributions.removeValue(forKey: node) ?? []
    let mask = builder.masks[node]
    guard let first = parts.first else { return nil }
    if parts.count == 1 && mask == nil { return first }
    let target =
      parts.first(where: \.isOwned)?.buffer ?? builder.schedule.buffer(bytes: builder.bytes(node))
    let count = builder.shapes[node].count
    let element = builder.precision(node).kernelElement
    // The target is read first where it is one of the parts: a later pass would have lost it.
    if let own = parts.firstIndex(where: { $0.buffer == target }) { parts.swapAt(0, own) }
    var sum = parts.removeFirst().buffer
    repeat {
      let other = parts.isEmpty ? nil : parts.removeFirst().buffer
      let finalMask = parts.isEmpty ? mask : nil
      let a = sum
      builder.schedule.append(
        .merging, using: [a, target] + [other, finalMask].compactMap { $0 }
      ) { memory in
        cs_merge(
          memory[a], other.map { UnsafeRawPointer(memory[$0]) },
          finalMask.map { UnsafePointer(memory[$0].assumingMemoryBound(to: UInt16.self)) },
          memory[target], count, element)
      }
      sum = target
    } while !parts.isEmpty
    return Contribution(buffer: target, isOwned: true)
  }

  private mutating func contribute(_ buffer: BufferID, to node: Int, isOwned: Bool = true) {
    contributions[node, default: []].append(Contribution(buffer: buffer, isOwned: isOwned))
  }

  private mutating func append(_ step: DifferentiableStep, _ dy: Contribution) throws {
    let input = step.inputs[0]
    let wantsInput = builder.needsGradient[input]
    switch step.kind {
    case .foldedConvolution:
      if wantsInput { try appendInputGradient(step, dy.buffer) }
      if step.inputs.count > 1, builder.needsGradient[step.inputs[1]] {
        contribute(dy.buffer, to: step.inputs[1], isOwned: dy.isOwned)
      }
    case .convolution(let convolution):
      try appendWeightGradient(
        step, name: convolution.name, hasBias: convolution.hasBias, dy.buffer)
      if wantsInput { try appendInputGradient(step, dy.buffer) }
    case .normalization(let normalization, _):
      try appendNormalization(step, normalization, dy)
    case .relu:
      if wantsInput { contribute(dy.buffer, to: input, isOwned: dy.isOwned) }
    case .add:
      for input in step.inputs where builder.needsGradient[input] {
        contribute(dy.buffer, to: input, isOwned: false)
      }
    case .maxPool(let window):
      if wantsInput { appendMaxPool(step, window, dy.buffer) }
    case .globalAveragePool:
      if wantsInput { appendAveragePool(step, dy.buffer) }
    case .upsampleNearest:
      if wantsInput { appendUpsample(step, dy.buffer) }
    case .linear(let linear):
      guard builder.convolutions[step.output] != nil else {
        return try appendLinear(step, linear, dy.buffer)
      }
      try appendWeightGradient(step, name: linear.name, hasBias: true, dy.buffer)
      if wantsInput { try appendInputGradient(step, dy.buffer) }
    }
  }

  private mutating func appendInputGradient(_ step: DifferentiableStep, _ dy: BufferID) throws {
    guard let kernel = builder.convolutions[step.output] else { return }
    let dx = builder.newBuffer(step.inputs[0])
    builder.schedule.append(.convolution, using: [dy, dx], scratch: kernel.scratchBytes) {
      try kernel.inputGradient($0[dy], into: $0[dx], scratch: $0.scratch)
    }
    contribute(dx, to: step.inputs[0])
  }

  private mutating func appendWeightGradient(
    _ step: DifferentiableStep, name: String, hasBias: Bool, _ dy: BufferID
  ) throws {
    let state = builder.state
    let x = try builder.buffer(step.inputs[0])
    let weights = name + ".weight"
    let isRepeated = isRepeated(weights)
    if let kernel = builder.convolutions[step.output], builder.options.isTrained(weights) {
      // Behind the kernel's scratch memory, the gradient that is added to an earlier one.
      let offset = MemoryPlan.padded(kernel.scratchBytes)
      let bytes = try state.store.values(weights).count * 4
      builder.schedule.append(.convolution, using: [x, dy], scratch: offset + bytes) { memory in
        let gradients = try state.store.gradients(weights)
        guard let target = gradients.baseAddress else { return }
        let own = (memory.scratch + offset).assumingMemoryBound(to: Float.self)
        let adds = state.accumulates || isRepeated
        try kernel.weightGradient(
          memory[x], memory[dy], into: adds ? own : target, scratch: memory.scratch)
        if adds { cs_merge(own, target, nil, target, gradients.count, 0) }
      }
    }
    let bias = name + ".bias"
    guard hasBias, builder.options.isTrained(bias) else { return }
    let shape = builder.shapes[step.output]
    let element = builder.precision(step.output).kernelElement
    builder.schedule.append(
      .convolution, using: [dy], scratch: cs_channel_scratch(shape.channels) * 4
    ) { memory in
      var sums = [Double](repeating: 0, count: shape.channels)
      var products = sums
      let zeros = [Float](repeating: 0, count: shape.channels)
      zeros.withUnsafeBufferPointer { zeros in
        var job = cs_channel_backward_job()
        (job.dy, job.x, job.mean) = (
          UnsafeRawPointer(memory[dy]), UnsafeRawPointer(memory[dy]), zeros.baseAddress
        )
        (job.rows, job.channels, job.element) = (
          shape.count / shape.channels, shape.channels, element
        )
        cs_channel_backward_sums(
          &job, &sums, &products, memory.scratch.assumingMemoryBound(to: Float.self))
      }
      let gradients = try state.store.gradients(bias)
      let adds = state.accumulates || isRepeated
      for (channel, sum) in sums.enumerated() {
        gradients[channel] = (adds ? gradients[channel] : 0) + Float(sum)
      }
    }
  }

  /// Whether a step visited before has written the gradient of a parameter.
  private mutating func isRepeated(_ parameter: String) -> Bool {
    !written.insert(parameter).inserted
  }

  private mutating func appendNormalization(
    _ step: DifferentiableStep, _ normalization: BatchNormalization, _ dy: Contribution
  ) throws {
    guard let layer = builder.normalizations[step.output] else { return }
    let state = builder.state
    let (x, y) = (try builder.buffer(step.inputs[0]), try builder.buffer(step.output))
    let residual = step.inputs.count > 1 ? step.inputs[1] : nil
    let wantsResidual = residual.map { builder.needsGradient[$0] } ?? false
    let wantsInput = builder.needsGradient[step.inputs[0]] || wantsResidual
    let wantsParameters = step.parameterNames.contains(where: builder.options.isTrained)
    let isRepeated = isRepeated(normalization.name)
    let dx =
      !wantsInput ? nil : dy.isOwned ? dy.buffer : builder.newBuffer(step.inputs[0])
    let dresidual = wantsResidual ? residual.map { builder.newBuffer($0) } : nil
    let gradient = dy.buffer
    builder.schedule.append(
      .normalization, using: [gradient, x, y] + [dx, dresidual].compactMap { $0 },
      scratch: layer.scratchBytes
    ) { memory in
      try layer.backward(
        memory[gradient], y: memory[y], x: memory[x], dx: dx.map { memory[$0] },
        dresidual: dresidual.map { memory[$0] }, scratch: memory.scratch, store: state.store,
        statistics: state.statistics, accumulates: state.accumulates || isRepeated,
        wantsParameters: wantsParameters)
    }
    if let dx, builder.needsGradient[step.inputs[0]] { contribute(dx, to: step.inputs[0]) }
    if let dresidual, let residual { contribute(dresidual, to: residual) }
  }

  private mutating func appendMaxPool(
    _ step: DifferentiableStep, _ window: Window, _ dy: BufferID
  ) {
    guard let places = builder.places[step.output] else { return }
    let dx = builder.newBuffer(step.inputs[0])
    let job = cs_max_pool_job(
      window, from: builder.shapes[step.inputs[0]], to: builder.shapes[step.output],
      element: builder.precision(step.output).kernelElement)
    builder.schedule.append(.pooling, using: [dy, places, dx]) { memory in
      withUnsafePointer(to: job) {
        cs_max_pool_backward(
          $0, memory[dy], memory[places].assumingMemoryBound(to: UInt8.self), memory[dx])
      }
    }
    contribute(dx, to: step.inputs[0])
  }

  private mutating func appendUpsample(_ step: DifferentiableStep, _ dy: BufferID) {
    let dx = builder.newBuffer(step.inputs[0])
    let kernel = UpsampleKernel(
      from: builder.shapes[step.inputs[0]], to: builder.shapes[step.output],
      precision: builder.precision(step.output))
    builder.schedule.append(.merging, using: [dy, dx]) {
      kernel.inputGradient($0[dy], into: $0[dx])
    }
    contribute(dx, to: step.inputs[0])
  }

  private mutating func appendAveragePool(_ step: DifferentiableStep, _ dy: BufferID) {
    let dx = builder.newBuffer(step.inputs[0])
    let shape = builder.shapes[step.inputs[0]]
    let element = builder.precision(step.inputs[0]).kernelElement
    builder.schedule.append(.pooling, using: [dy, dx]) {
      cs_mean_pool_backward(
        $0[dy].assumingMemoryBound(to: Float.self), shape.batch, shape.height * shape.width,
        shape.channels, element, $0[dx])
    }
    contribute(dx, to: step.inputs[0])
  }

  private mutating func appendLinear(
    _ step: DifferentiableStep, _ linear: Linear, _ dy: BufferID
  ) throws {
    let state = builder.state
    let x = try builder.buffer(step.inputs[0])
    let (rows, columns, features) = (
      Int32(builder.shapes[step.output].batch), Int32(linear.outputFeatures),
      Int32(linear.inputFeatures)
    )
    if step.parameterNames.contains(where: builder.options.isTrained) {
      let isRepeated = isRepeated(linear.name)
      builder.schedule.append(.linear, using: [x, dy]) { memory in
        let adds = state.accumulates || isRepeated
        let dy = memory[dy].assumingMemoryBound(to: Float.self)
        cs_sgemm_general(
          1, 0, columns, features, rows, 1, dy, columns,
          memory[x].assumingMemoryBound(to: Float.self), features, adds ? 1 : 0,
          try state.store.gradients(linear.name + ".weight").baseAddress, features)
        let bias = try state.store.gradients(linear.name + ".bias")
        for column in 0..<Int(columns) {
          var sum: Float = adds ? bias[column] : 0
          for row in 0..<Int(rows) { sum += dy[row * Int(columns) + column] }
          bias[column] = sum
        }
      }
    }
    guard builder.needsGradient[step.inputs[0]] else { return }
    let dx = builder.newBuffer(step.inputs[0])
    builder.schedule.append(.linear, using: [dy, dx]) { memory in
      cs_sgemm_general(
        0, 0, rows, features, columns, 1, memory[dy].assumingMemoryBound(to: Float.self), columns,
        try state.store.values(linear.name + ".weight").baseAddress, features, 0,
        memory[dx].assumingMemoryBound(to: Float.self), features)
    }
    contribute(dx, to: step.inputs[0])
  }
}

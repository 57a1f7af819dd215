import Networks

/// Loops in Swift, one thread: what the other backends are tested against, and the kernels that they
/// leave to it (those that move or add values and cost next to nothing).
final class PlainBackend: Backend {
  var name: BackendName { .plain }
  var supportsBFloat16: Bool { false }

  func use(threads: Int) {}

  func makeKernel(
    for step: LoweredStep, inputs: [Value], output: Value, parameters: FoldedParameters
  ) throws -> (any Kernel)? {
    try plainKernel(for: step, inputs: inputs, output: output, parameters: parameters)
  }

  func makeTrainable(_ request: TrainableConvolutionRequest) throws -> any TrainableConvolution {
    try PlainTrainableConvolution(request)
  }

  /// A kernel for any step.
  func plainKernel(
    for step: LoweredStep, inputs: [Value], output: Value, parameters: FoldedParameters
  ) throws -> any Kernel {
    switch (inputs[0].precision, output.precision) {
    case (.f32, .f32):
      return try Self.make(Float.self, Float.self, step, inputs, output, parameters)
    case (.bf16, .bf16):
      return try Self.make(BFloat16.self, BFloat16.self, step, inputs, output, parameters)
    case (.bf16, .f32):
      return try Self.make(BFloat16.self, Float.self, step, inputs, output, parameters)
    case (.f32, .bf16):
      return try Self.make(Float.self, BFloat16.self, step, inputs, output, parameters)
    }
  }

  private static func make<In: Element, Out: Element>(
    _: In.Type, _: Out.Type, _ step: LoweredStep, _ inputs: [Value], _ output: Value,
    _ parameters: FoldedParameters
  ) throws -> any Kernel {
    let (from, to) = (inputs[0].shape, output.shape)
    switch step.kernel {
    case .convolution(let fused):
      return PlainConvolution<In, Out>(
        fused, try parameters.convolution(fused), from: from, to: to)
    case .linear(let fused):
      let weights = try parameters.linear(fused.linear, input: from)
      return PlainLinear<In, Out>(fused, weights, rows: from.batch)
    case .maxPool(let window): return PlainMaxPool<In, Out>(window, from: from, to: to)
    case .globalAveragePool: return PlainAveragePool<In, Out>(from: from)
    case .upsampleNearest: return PlainUpsample<In, Out>(from: from, to: to)
    case .add(let relu):
      return PlainElementwise<In, Out>(count: to.count) { x, y, _ in
        relu ? max(x + y, 0) : x + y
      }
    case .relu: return PlainElementwise<In, Out>(count: to.count) { x, _, _ in max(x, 0) }
    case .copy, .reorder: return PlainElementwise<In, Out>(count: to.count) { x, _, _ in x }
    case .affine(let normalization, let relu):
      let (scale, shift) = try parameters.affine(normalization)
      let channels = to.channels
      return PlainElementwise<In, Out>(count: to.count) { x, _, index in
        let y = x * scale[index % channels] + shift[index % channels]
        return relu ? max(y, 0) : y
      }
    }
  }
}

import COneDNN
import Networks

/// oneDNN: kernels generated for the processor at hand.
final class OneDNNBackend: Backend {
  private let context: OneDNNContext
  private let allowsWinograd: Bool

  init(allowsWinograd: Bool) throws {
    context = try OneDNNContext()
    self.allowsWinograd = allowsWinograd
  }

  var name: BackendName { .onednn }
  var supportsBFloat16: Bool { Processor.hasBFloat16 }

  /// oneDNN has it for AVX-512 only.
  private(set) lazy var hasWinograd: Bool = {
    let window = Window(size: 3, stride: 1, padding: 1)
    let map = Value(
      shape: ActivationShape(batch: 1, height: 14, width: 14, channels: 16), precision: .f32)
    var fused = FusedConvolution(
      convolution: Convolution(
        name: "probe", inputChannels: 16, outputChannels: 16, window: window, hasBias: true),
      normalization: nil, accumulates: false, relu: false)
    fused.usesWinograd = true
    return allowsWinograd && (try? convolution(fused, from: map, to: map)) != nil
  }()

  func use(threads: Int) { cs_dnnl_set_threads(Int32(threads)) }

  func makeKernel(
    for step: LoweredStep, inputs: [Value], output: Value, parameters: FoldedParameters
  ) throws -> (any Kernel)? {
    switch step.kernel {
    case .convolution(let fused):
      let primitive = try convolution(fused, from: inputs[0], to: output)
      try load(fused.weightKey, of: parameters, into: primitive) {
        try parameters.convolution(fused)
      }
      return primitive
    case .reorder:
      let shape = output.shape
      return try OneDNNPrimitive("creation of a reorder", in: context) {
        cs_dnnl_reorder_create(
          $0, Int64(shape.batch), Int64(shape.height), Int64(shape.width), Int64(shape.channels),
          output.layout == .blocks ? 1 : 0, &$1)
      }
    case .linear(let fused):
      let primitive = try linear(fused, from: inputs[0], to: output)
      try load(fused.linear.name, of: parameters, into: primitive) {
        try parameters.linear(fused.linear, input: inputs[0].shape)
      }
      return primitive
    case .maxPool(let window):
      let (from, to) = (inputs[0].shape, output.shape)
      return try OneDNNPrimitive("creation of a pooling", in: context) {
        cs_dnnl_max_pool_create(
          $0, Int64(from.batch), Int64(from.height), Int64(from.width), Int64(from.channels),
          Int64(to.height), Int64(to.width), Int64(window.size), Int64(window.stride),
          Int64(window.padding), inputs[0].precision.oneDNN, &$1)
      }
    default: return nil
    }
  }

  func makeTrainable(_ request: TrainableConvolutionRequest) throws -> any TrainableConvolution {
    try OneDNNConvolution(
      request, allowsWinograd: allowsWinograd && request.allowsWinograd, in: context)
  }

  /// Winograd's algorithm where oneDNN has it and it pays: 3×3 kernels on f32 maps large enough.
  func adapt(_ program: Program) -> Program {
    guard allowsWinograd else { return program }
    return WinogradLayout.apply(to: program) { step, fused in
      let (input, output) = (program[step.inputs[0]], program[step.output])
      let positions = output.shape.batch * output.shape.height * output.shape.width
      guard
        OneDNNWinograd.suits(fused.convolution, from: input, to: output, positions: positions)
      else { return false }
      var winograd = fused
      winograd.usesWinograd = true
      return (try? convolution(winograd, from: input, to: output)) != nil
    }
  }

  private func convolution(
    _ fused: FusedConvolution, from input: Value, to output: Value
  ) throws -> OneDNNPrimitive {
    var description = cs_dnnl_convolution(fused: fused, from: input, to: output, hasBias: true)
    return try OneDNNPrimitive("creation of the convolution \(fused.convolution.name)", in: context)
    { cs_dnnl_convolution_create($0, &description, &$1) }
  }

  /// Many rows at once are a 1×1 convolution over a picture of one line: oneDNN blocks it better
  /// than its inner product (1000 × 12544 × 1024: 55 instead of 60 to 69 ms in f32).
  private func linear(
    _ fused: FusedLinear, from input: Value, to output: Value
  ) throws -> OneDNNPrimitive {
    let rows = input.shape.batch
    let (features, outputs) = (fused.linear.inputFeatures, fused.linear.outputFeatures)
    guard rows >= Self.rowsForConvolution else {
      return try OneDNNPrimitive("creation of the layer \(fused.linear.name)", in: context) {
        cs_dnnl_linear_create(
          $0, Int64(rows), Int64(features), Int64(outputs), input.precision.oneDNN,
          output.precision.oneDNN,
          fused.relu ? 1 : 0, &$1)
      }
    }
    let pointwise = Convolution(
      name: fused.linear.name, inputChannels: features, outputChannels: outputs,
      window: Window(size: 1), hasBias: true)
    func line(_ value: Value, _ channels: Int) -> Value {
      Value(
        shape: ActivationShape(batch: 1, height: 1, width: rows, channels: channels),
        precision: value.precision)
    }
    return try convolution(
      FusedConvolution(
        convolution: pointwise, normalization: nil, accumulates: false, relu: fused.relu),
      from: line(input, features), to: line(output, outputs))
  }

  private static let rowsForConvolution = 32

  private func load(
    _ key: String, of parameters: FoldedParameters, into primitive: OneDNNPrimitive,
    _ make: () throws -> FoldedParameters.Weights
  ) throws {
    let known = parameters.packed.entries[key, default: []].lazy.compactMap { $0 as? OneDNNWeights }
    if let fitting = known.first(where: { $0.fits(primitive) }) {
      return try primitive.use(fitting)
    }
    let weights = try OneDNNWeights(make(), for: primitive, in: context)
    parameters.packed.entries[key, default: []].append(weights)
    try primitive.use(weights)
  }
}

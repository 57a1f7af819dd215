import COneDNN
import Networks

/// A trainable convolution by oneDNN. Its weights are packed twice, as the forward pass and the
/// gradient of the input want them.
final class OneDNNConvolution: TrainableConvolution {
  private let context: OneDNNContext
  private let result: any OneDNNPass
  private let input: (any OneDNNPass)?
  private let weights: OneDNNPrimitive?
  private let product: UnfoldedWeightGradient?
  private let hasBias: Bool
  private let outputs: Int

  /// - Parameter allowsWinograd: whether f32 may run by Winograd's algorithm.
  init(
    _ request: TrainableConvolutionRequest, allowsWinograd: Bool, in context: OneDNNContext
  ) throws {
    let (convolution, from, to) = (request.fused.convolution, request.input, request.output)
    var description = cs_dnnl_convolution(
      fused: request.fused, from: from, to: to, hasBias: request.hasBias)
    self.context = context
    hasBias = request.hasBias
    outputs = convolution.outputChannels
    func winograd(ofInput: Bool) -> (any OneDNNPass)? {
      allowsWinograd ? OneDNNWinograd(request, ofInput: ofInput, in: context) : nil
    }
    result =
      try winograd(ofInput: false)
      ?? OneDNNPrimitive("creation of the convolution \(convolution.name)", in: context) {
        cs_dnnl_convolution_create($0, &description, &$1)
      }
    input =
      try !request.wantsInputGradient
      ? nil
      : winograd(ofInput: true)
        ?? OneDNNPrimitive("creation of the input's gradient of \(convolution.name)", in: context) {
          cs_dnnl_convolution_input_gradient_create($0, &description, &$1)
        }
    let weights =
      try !request.wantsWeightGradient
      ? nil
      : OneDNNPrimitive("creation of the weights' gradient of \(convolution.name)", in: context) {
        cs_dnnl_convolution_weight_gradient_create($0, &description, &$1)
      }
    let isSlow = weights?.implementation.contains("amx") ?? false
    product =
      isSlow && UnfoldedWeightGradient.suits(request)
      ? try UnfoldedWeightGradient(request, in: context) : nil
    self.weights = product == nil ? weights : nil
  }

  var scratchBytes: Int {
    [
      result.scratchBytes, input?.scratchBytes, weights?.scratchBytes, product?.scratchBytes,
    ].compactMap { $0 }.max() ?? 0
  }

  var implementation: String {
    [
      result.implementation, input?.implementation, weights?.implementation,
      product?.implementation,
    ].compactMap { $0 }.joined(separator: ", ")
  }

  func load(weights values: UnsafePointer<Float>, bias: UnsafePointer<Float>?) throws {
    let bias = hasBias ? bias : nil
    try result.load(values, bias: bias, count: outputs)
    try input?.load(values, bias: nil, count: 0)
  }

  func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    try result.run(inputs: x, output: y, scratch: scratch)
  }

  func inputGradient(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    try input?.run(inputs: dy, output: dx, scratch: scratch)
  }

  func weightGradient(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) throws {
    try weights?.weightGradient(x, dy, into: gradient, scratch: scratch)
    try product?(x, dy, into: gradient, scratch: scratch)
  }
}

extension cs_dnnl_convolution {
  /// A convolution as oneDNN's shim describes it.
  init(fused: FusedConvolution, from input: Value, to output: Value, hasBias: Bool) {
    let window = fused.convolution.window
    self.init(
      batch: Int64(input.shape.batch), in_height: Int64(input.shape.height),
      in_width: Int64(input.shape.width), in_channels: Int64(input.shape.channels),
      out_height: Int64(output.shape.height), out_width: Int64(output.shape.width),
      out_channels: Int64(output.shape.channels), kernel: Int64(window.size),
      stride: Int64(window.stride), padding: Int64(window.padding),
      src_type: input.precision.oneDNN, dst_type: output.precision.oneDNN,
      has_bias: hasBias ? 1 : 0, relu: fused.relu ? 1 : 0, accumulate: fused.accumulates ? 1 : 0,
      winograd: fused.usesWinograd ? 1 : 0)
  }
}

extension Precision {
  /// The shim's number for the format.
  var oneDNN: Int32 { self == .bf16 ? Int32(CS_DNNL_BF16) : Int32(CS_DNNL_F32) }
}

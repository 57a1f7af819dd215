import COneDNN
import Networks

/// What a trainable convolution runs: the convolution or the gradient of its input, with weights that
/// change.
protocol OneDNNPass {
  var scratchBytes: Int { get }
  var implementation: String { get }
  /// Packs weights `[O, I, K, K]` (and a bias of `count` values), in the memory of those it had.
  func load(_ values: UnsafePointer<Float>, bias: UnsafePointer<Float>?, count: Int) throws
  func run(
    inputs x: UnsafeRawPointer, output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer)
    throws
}

extension OneDNNPrimitive: OneDNNPass {}

/// A 3×3 convolution of stride 1, or the gradient of its input, by Winograd's algorithm (Lavin and Gray
/// 2016, "Fast Algorithms for Convolutional Neural Networks") on f32 activations.
///
/// oneDNN's kernels want blocks of 16 channels: some pictures at a time are copied there and back, so
/// that what they are transformed to stays in the cache. The gradient of the input is a convolution of
/// the result's gradient with the kernels turned by half a turn and inputs and outputs exchanged.
final class OneDNNWinograd: OneDNNPass {
  private let primitive, toBlocks, fromBlocks: OneDNNPrimitive
  private let resultToBlocks: OneDNNPrimitive?
  private let outputs, inputs: Int
  private let turns: Bool
  private let pieces: Int
  private let inputBytes, outputBytes, primitiveBytes: Int

  /// Nil where oneDNN has no such kernel here, or it does not pay.
  /// - Parameter ofInput: whether it is the gradient of the input.
  init?(_ request: TrainableConvolutionRequest, ofInput: Bool, in context: OneDNNContext) {
    let convolution = request.fused.convolution
    let (inputs, outputs) = (convolution.inputChannels, convolution.outputChannels)
    let (from, to) = ofInput ? (request.output, request.input) : (request.input, request.output)
    let (batch, positions) = (to.shape.batch, to.shape.height * to.shape.width)
    let atOnce = min(batch, max(1, Self.positionsAtOnce / positions))
    let piece = (1...atOnce).last { batch % $0 == 0 } ?? 1
    guard Self.suits(convolution, from: from, to: to, positions: piece * positions),
      inputs * outputs <= Self.greatestWeights
    else { return nil }
    func part(_ value: Value) -> Value {
      var shape = value.shape
      shape.batch = piece
      return Value(shape: shape, precision: .f32)
    }
    var fused = request.fused
    if ofInput {
      fused = FusedConvolution(
        convolution: Convolution(
          name: convolution.name, inputChannels: outputs, outputChannels: inputs,
          window: convolution.window, hasBias: false), normalization: nil, accumulates: false,
        relu: false)
    }
    fused.usesWinograd = true
    var description = cs_dnnl_convolution(
      fused: fused, from: part(from), to: part(to), hasBias: request.hasBias && !ofInput)
    func reorder(_ shape: ActivationShape, toBlocks: Bool) throws -> OneDNNPrimitive {
      try OneDNNPrimitive("creation of a reorder", in: context) {
        cs_dnnl_reorder_create(
          $0, Int64(shape.batch), Int64(shape.height), Int64(shape.width), Int64(shape.channels),
          toBlocks ? 1 : 0, &$1)
      }
    }
    guard
      let primitive = try? OneDNNPrimitive(
        "creation of the convolution \(convolution.name)", in: context,
        create: { cs_dnnl_convolution_create($0, &description, &$1) }),
      let toBlocks = try? reorder(part(from).shape, toBlocks: true),
      let fromBlocks = try? reorder(part(to).shape, toBlocks: false)
    else { return nil }
    if fused.accumulates {
      guard let reorder = try? reorder(part(to).shape, toBlocks: true) else { return nil }
      resultToBlocks = reorder
    } else {
      resultToBlocks = nil
    }
    (self.primitive, self.toBlocks, self.fromBlocks) = (primitive, toBlocks, fromBlocks)
    (self.inputs, self.outputs, turns) = (inputs, outputs, ofInput)
    pieces = batch / piece
    (inputBytes, outputBytes) = (part(from).shape.count * 4, part(to).shape.count * 4)
    primitiveBytes = MemoryPlan.padded(
      [primitive, toBlocks, fromBlocks, resultToBlocks].compactMap { $0?.scratchBytes }.max() ?? 0)
  }

  /// Whether it is a convolution that oneDNN has kernels for, and one for which they pay: with fewer
  /// positions, reading the transformed weights, up to four times as many bytes, costs more than is
  /// saved.
  static func suits(
    _ convolution: Convolution, from: Value, to: Value, positions: Int
  ) -> Bool {
    convolution.window == Window(size: 3, stride: 1, padding: 1)
      && from.precision == .f32 && to.precision == .f32
      && convolution.inputChannels % 16 == 0 && convolution.outputChannels % 16 == 0
      && positions >= leastPositions
  }

  private static let leastPositions = 14 * 14
  /// Inputs times outputs. Transformed weights take four times the memory: a ResNet-18's last stage would
  /// take 100 MB more in each direction of each plan, for a sixth of the time.
  private static let greatestWeights = 256 * 256
  /// Positions of a piece: what they are transformed to fits the cache (measured: 2048 to 8192 on a
  /// Zen 5).
  private static let positionsAtOnce = 4096

  var scratchBytes: Int {
    primitiveBytes + MemoryPlan.padded(inputBytes) + MemoryPlan.padded(outputBytes)
  }
  var implementation: String { primitive.implementation }

  func load(_ values: UnsafePointer<Float>, bias: UnsafePointer<Float>?, count: Int) throws {
    guard turns else { return try primitive.load(values, bias: bias, count: count) }
    let turned = [Float](unsafeUninitializedCapacity: inputs * outputs * 9) { turned, count in
      for output in 0..<outputs {
        for input in 0..<inputs {
          let (source, target) = ((output * inputs + input) * 9, (input * outputs + output) * 9)
          for place in 0..<9 { turned[target + place] = values[source + 8 - place] }
        }
      }
      count = turned.count
    }
    try primitive.load(turned, bias: nil, count: 0)
  }

  func run(
    inputs x: UnsafeRawPointer, output y: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let from = scratch + primitiveBytes
    let to = from + MemoryPlan.padded(inputBytes)
    for piece in 0..<pieces {
      let result = y + piece * outputBytes
      try toBlocks.run(inputs: x + piece * inputBytes, output: from, scratch: scratch)
      try resultToBlocks?.run(inputs: result, output: to, scratch: scratch)
      try primitive.run(inputs: from, output: to, scratch: scratch)
      try fromBlocks.run(inputs: to, output: result, scratch: scratch)
    }
  }
}

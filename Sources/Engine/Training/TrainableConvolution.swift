import Networks

/// A convolution whose weights change from step to step, with its gradients.
protocol TrainableConvolution: AnyObject {
  /// Bytes of scratch memory that each of its functions may use.
  var scratchBytes: Int { get }
  /// What runs, for people.
  var implementation: String { get }
  /// Takes new weights `[O, I, K, K]` and, where it has one, a new bias `[O]`.
  func load(weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?) throws
  /// The result, added to what `y` holds and rectified where the description says so.
  func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer) throws
  /// The gradient of `x` from the gradient of the sum before the ReLU.
  func inputGradient(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer)
    throws
  /// The gradient of the weights, `[O, I, K, K]` in f32.
  func weightGradient(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer) throws
}

/// What a plan wants of a convolution.
struct TrainableConvolutionRequest {
  /// Shape, and what is fused; the normalisation folded into it does not matter here.
  let fused: FusedConvolution
  let hasBias: Bool
  let input: Value
  let output: Value
  let wantsInputGradient: Bool
  let wantsWeightGradient: Bool
  /// Whether memory may be spent on Winograd's algorithm.
  var allowsWinograd = false
}

import Networks
import Tensors

/// Where parameters come from: a tensor by its torchvision name.
public typealias ParameterSource = (_ name: String) throws -> Tensor

/// A library that does the arithmetic. One thread uses it and what it makes.
protocol Backend: AnyObject {
  var name: BackendName { get }
  /// Whether convolutions and linear layers may have bf16 activations here.
  var supportsBFloat16: Bool { get }
  /// Whether 3×3 convolutions of stride 1 in f32 run by Winograd's algorithm here.
  var hasWinograd: Bool { get }

  /// Takes the calling thread's number of workers from here on.
  func use(threads: Int)

  /// The program as this backend wants it: other algorithms and layouts, the same results.
  func adapt(_ program: Program) -> Program

  /// A kernel for a step; nil where the backend leaves it to the plain one.
  /// - Parameter inputs: the values read, without the residual.
  func makeKernel(
    for step: LoweredStep, inputs: [Value], output: Value, parameters: FoldedParameters
  ) throws -> (any Kernel)?

  /// A convolution with gradients.
  func makeTrainable(_ request: TrainableConvolutionRequest) throws -> any TrainableConvolution
}

extension Backend {
  var hasWinograd: Bool { false }
  func adapt(_ program: Program) -> Program { program }
}

/// A compiled step.
protocol Kernel: AnyObject {
  /// Bytes of scratch memory, shared by all kernels of a plan.
  var scratchBytes: Int { get }
  /// What runs, for people: `brgconv:avx512_core`, `sgemm`, `plain`.
  var implementation: String { get }
  /// Reads `inputs`, writes (or adds to) `output`.
  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws
}

extension Kernel {
  var scratchBytes: Int { 0 }
}

import Networks

/// A convolution and its gradients from their definitions, in f32: what the others are tested with.
final class PlainTrainableConvolution: TrainableConvolution {
  private let fused: FusedConvolution
  private let from: ActivationShape
  private let to: ActivationShape
  private var weights: [Float]
  private var bias: [Float]

  init(_ request: TrainableConvolutionRequest) throws {
    guard request.input.precision == .f32, request.output.precision == .f32 else {
      throw EngineError.shape(
        operation: "plain convolution", expected: "f32 values", found: "bf16")
    }
    fused = request.fused
    from = request.input.shape
    to = request.output.shape
    let side = fused.convolution.window.size
    weights = .init(repeating: 0, count: to.channels * from.channels * side * side)
    bias = .init(repeating: 0, count: to.channels)
  }

  var scratchBytes: Int { 0 }
  var implementation: String { "plain" }

  func load(weights values: UnsafePointer<Float>, bias: UnsafePointer<Float>?) throws {
    weights = Array(UnsafeBufferPointer(start: values, count: weights.count))
    if let bias { self.bias = Array(UnsafeBufferPointer(start: bias, count: self.bias.count)) }
  }

  func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let kernel = PlainConvolution<Float, Float>(
      fused, .init(weights: weights, bias: bias), from: from, to: to)
    try kernel.run(inputs: [x], output: y, scratch: scratch)
  }

  func inputGradient(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let gradient = dx.assumingMemoryBound(to: Float.self)
    let dy = dy.assumingMemoryBound(to: Float.self)
    gradient.update(repeating: 0, count: from.count)
    forEachProduct { input, weight, output in gradient[input] += weights[weight] * dy[output] }
  }

  func weightGradient(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) throws {
    let x = x.assumingMemoryBound(to: Float.self)
    let dy = dy.assumingMemoryBound(to: Float.self)
    gradient.update(repeating: 0, count: weights.count)
    forEachProduct { input, weight, output in gradient[weight] += x[input] * dy[output] }
  }

  /// Every product of the convolution: the places of its input, its weight and its result.
  private func forEachProduct(_ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void) {
    let window = fused.convolution.window
    for picture in 0..<to.batch {
      for y in 0..<to.height {
        for x in 0..<to.width {
          let output = ((picture * to.height + y) * to.width + x) * to.channels
          for kernelY in 0..<window.size {
            let row = y * window.stride - window.padding + kernelY
            guard row >= 0, row < from.height else { continue }
            for kernelX in 0..<window.size {
              let column = x * window.stride - window.padding + kernelX
              guard column >= 0, column < from.width else { continue }
              let input = ((picture * from.height + row) * from.width + column) * from.channels
              for o in 0..<to.channels {
                for i in 0..<from.channels {
                  let weight =
                    ((o * from.channels + i) * window.size + kernelY) * window.size + kernelX
                  body(input + i, weight, output + o)
                }
              }
            }
          }
        }
      }
    }
  }
}

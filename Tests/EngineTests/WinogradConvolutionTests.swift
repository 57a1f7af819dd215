import Foundation
import Networks
import Testing

@testable import Engine

/// Trainable convolutions by Winograd's algorithm, against the plain backend's on the same values.
@Suite(.enabled(if: Processor.hasAVX512)) struct WinogradConvolutionTests {
  private func request(
    _ input: ActivationShape, to channels: Int, hasBias: Bool = true, accumulates: Bool,
    relu: Bool
  ) -> TrainableConvolutionRequest {
    var output = input
    output.channels = channels
    return TrainableConvolutionRequest(
      fused: FusedConvolution(
        convolution: Convolution(
          name: "layer", inputChannels: input.channels, outputChannels: channels,
          window: Window(size: 3, stride: 1, padding: 1), hasBias: hasBias),
        normalization: nil, accumulates: accumulates, relu: relu),
      hasBias: hasBias, input: Value(shape: input, precision: .f32),
      output: Value(shape: output, precision: .f32), wantsInputGradient: true,
      wantsWeightGradient: false, allowsWinograd: true)
  }

  /// Pieces of one picture and of several, tiles cut off at the border, a sum and a ReLU.
  @Test(arguments: [
    (ActivationShape(batch: 3, height: 65, width: 70, channels: 16), 32),
    (ActivationShape(batch: 6, height: 32, width: 32, channels: 32), 16),
    (ActivationShape(batch: 14, height: 4, width: 4, channels: 64), 48),
    (ActivationShape(batch: 5, height: 7, width: 9, channels: 16), 16),
  ])
  func equalsThePlainBackend(_ shape: ActivationShape, channels: Int) throws {
    for (hasBias, accumulates, relu) in [
      (false, false, false), (true, false, true), (true, true, true),
    ] {
      let request = request(
        shape, to: channels, hasBias: hasBias, accumulates: accumulates, relu: relu)
      let weights = noise(channels * shape.channels * 9, seed: 1)
      let bias = noise(channels, seed: 2)
      let x = noise(request.input.shape.count, seed: 3)
      let (start, dy) = (
        noise(request.output.shape.count, seed: 4), noise(request.output.shape.count, seed: 5)
      )
      func run(_ kernel: any TrainableConvolution) throws -> (y: [Float], dx: [Float]) {
        let arena = try Arena(byteCount: max(kernel.scratchBytes, 1))
        let scratch = try #require(arena.bytes.baseAddress)
        var (y, dx) = (start, [Float](repeating: .nan, count: x.count))
        try bias.withUnsafeBufferPointer {
          try kernel.load(weights: weights, bias: hasBias ? $0.baseAddress : nil)
        }
        try kernel.forward(x, into: &y, scratch: scratch)
        try kernel.inputGradient(dy, into: &dx, scratch: scratch)
        return (y, dx)
      }
      let kernel = try OneDNNBackend(allowsWinograd: true).makeTrainable(request)
      #expect(kernel.implementation.components(separatedBy: "wino").count == 3)
      let found = try run(kernel)
      let expected = try run(PlainTrainableConvolution(request))
      for (found, expected) in [(found.y, expected.y), (found.dx, expected.dx)] {
        let largest = expected.map { abs($0) }.max() ?? 0
        let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst < 1e-4 * largest)
      }
    }
  }

  /// Weights change from step to step.
  @Test func takesNewWeights() throws {
    let shape = ActivationShape(batch: 1, height: 16, width: 16, channels: 16)
    let request = request(shape, to: 16, accumulates: false, relu: false)
    let kernel = try OneDNNBackend(allowsWinograd: true).makeTrainable(request)
    let arena = try Arena(byteCount: kernel.scratchBytes)
    let scratch = try #require(arena.bytes.baseAddress)
    let (x, bias) = (noise(shape.count, seed: 1), [Float](repeating: 0, count: 16))
    func run(_ factor: Float) throws -> [Float] {
      var dx = [Float](repeating: 0, count: x.count)
      try kernel.load(weights: noise(16 * 16 * 9, seed: 2).map { $0 * factor }, bias: bias)
      try kernel.inputGradient(x, into: &dx, scratch: scratch)
      return dx
    }
    let (once, twice) = (try run(1), try run(2))
    #expect(twice == once.map { $0 * 2 })
  }

  /// What is no 3×3 convolution of stride 1 on enough positions runs directly.
  @Test func othersRunDirectly() throws {
    let backend = try OneDNNBackend(allowsWinograd: true)
    let few = ActivationShape(batch: 2, height: 4, width: 4, channels: 16)
    let odd = ActivationShape(batch: 4, height: 16, width: 16, channels: 24)
    // 97 pictures are no pieces of several.
    let prime = ActivationShape(batch: 97, height: 8, width: 8, channels: 16)
    for shape in [few, odd, prime] {
      let kernel = try backend.makeTrainable(
        request(shape, to: 16, accumulates: false, relu: false))
      #expect(!kernel.implementation.contains("wino"))
    }
    let large = ActivationShape(batch: 4, height: 16, width: 16, channels: 16)
    let direct = try OneDNNBackend(allowsWinograd: false).makeTrainable(
      request(large, to: 16, accumulates: false, relu: false))
    #expect(!direct.implementation.contains("wino"))
    var sparing = request(large, to: 16, accumulates: false, relu: false)
    sparing.allowsWinograd = false
    #expect(try !backend.makeTrainable(sparing).implementation.contains("wino"))
  }
}

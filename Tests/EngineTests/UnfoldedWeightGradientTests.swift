import Networks
import Testing

@testable import Engine

/// The gradient of weights as a matrix product, against the plain backend's on the same values.
@Suite(.enabled(if: Processor.hasBFloat16)) struct UnfoldedWeightGradientTests {
  private func request(
    _ window: Window, from input: ActivationShape, to channels: Int, precision: Precision
  ) -> TrainableConvolutionRequest {
    let convolution = Convolution(
      name: "layer", inputChannels: input.channels, outputChannels: channels, window: window,
      hasBias: false)
    func side(_ length: Int) -> Int {
      (length + 2 * window.padding - window.size) / window.stride + 1
    }
    let output = ActivationShape(
      batch: input.batch, height: side(input.height), width: side(input.width), channels: channels)
    return TrainableConvolutionRequest(
      fused: FusedConvolution(
        convolution: convolution, normalization: nil, accumulates: false, relu: false),
      hasBias: false, input: Value(shape: input, precision: precision),
      output: Value(shape: output, precision: precision), wantsInputGradient: false,
      wantsWeightGradient: true)
  }

  /// Windows that overlap, leave pictures out at the border, and are pictures themselves; 23 pictures
  /// of 14×14 are 20 and a rest of 3.
  @Test(arguments: [
    (Window(size: 3, stride: 1, padding: 1), 23, 14, 14),
    (Window(size: 3, stride: 2, padding: 1), 3, 9, 7),
    (Window(size: 1, stride: 2, padding: 0), 2, 8, 8),
    (Window(size: 1, stride: 1, padding: 0), 5, 4, 6),
    (Window(size: 7, stride: 2, padding: 3), 2, 5, 3),
    (Window(size: 6, stride: 1, padding: 0), 9, 6, 6),
  ])
  func equalsThePlainBackend(_ window: Window, pictures: Int, height: Int, width: Int) throws {
    let shape = ActivationShape(batch: pictures, height: height, width: width, channels: 32)
    let narrow = request(window, from: shape, to: 48, precision: .bf16)
    let wide = request(window, from: shape, to: 48, precision: .f32)
    func rounded(_ count: Int, _ seed: UInt64) -> [Float] {
      noise(count, seed: seed).map { Float(bitPattern: $0.bitPattern & 0xFFFF_0000) }
    }
    let x = rounded(narrow.input.shape.count, 1)
    let dy = rounded(narrow.output.shape.count, 2)
    let bits: ([Float]) -> [UInt16] = { $0.map { UInt16($0.bitPattern >> 16) } }
    let count = 48 * 32 * window.size * window.size

    let product = try UnfoldedWeightGradient(narrow, in: OneDNNContext())
    let arena = try Arena(byteCount: product.scratchBytes)
    var found = [Float](repeating: .nan, count: count)
    // Twice: what the first run left behind must not be added.
    for _ in 0..<2 {
      try product(
        bits(x), bits(dy), into: &found, scratch: try #require(arena.bytes.baseAddress))
    }
    let plain = try PlainTrainableConvolution(wide)
    let plainArena = try Arena(byteCount: max(plain.scratchBytes, 1))
    var expected = [Float](repeating: 0, count: count)
    try plain.weightGradient(
      x, dy, into: &expected, scratch: try #require(plainArena.bytes.baseAddress))
    #expect(relativeError(found, expected) < 1e-5)
  }
}

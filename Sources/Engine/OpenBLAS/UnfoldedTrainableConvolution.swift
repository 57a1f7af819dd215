import COpenBLAS
import Networks

/// A trainable convolution as matrix products over unfolded windows, f32.
final class UnfoldedTrainableConvolution: TrainableConvolution {
  private let fused: FusedConvolution
  private let layout: WindowLayout
  /// `[K·K·I, O]`, rows in the order of a window.
  private var matrix: [Float]
  private var bias: [Float]

  init(_ request: TrainableConvolutionRequest) throws {
    guard request.input.precision == .f32, request.output.precision == .f32 else {
      throw EngineError.shape(
        operation: "convolution by OpenBLAS", expected: "f32 values", found: "bf16")
    }
    fused = request.fused
    layout = WindowLayout(
      window: fused.convolution.window, from: request.input.shape, to: request.output.shape)
    matrix = .init(repeating: 0, count: layout.windowCount * layout.to.channels)
    bias = .init(repeating: 0, count: layout.to.channels)
  }

  private var from: ActivationShape { layout.from }
  private var to: ActivationShape { layout.to }

  /// Windows of some rows, and the gradient of the matrix.
  var scratchBytes: Int {
    (layout.rowsAtOnce * to.width * layout.windowCount + matrix.count) * 4
  }
  var implementation: String { "im2col+sgemm" }

  func load(weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?) throws {
    forEachWeight { place, plain in matrix[place] = weights[plain] }
    if let bias { self.bias = Array(UnsafeBufferPointer(start: bias, count: self.bias.count)) }
  }

  func forward(
    _ x: UnsafeRawPointer, into y: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let x = x.assumingMemoryBound(to: Float.self)
    let y = y.assumingMemoryBound(to: Float.self)
    let windows = scratch.assumingMemoryBound(to: Float.self)
    forEachChunk { picture, rows, place in
      layout.unfold(x + picture * from.features, rows: rows, into: windows)
      let count = rows.count * to.width
      cs_sgemm(
        Int32(count), Int32(to.channels), Int32(layout.windowCount), windows, matrix,
        fused.accumulates ? 1 : 0, y + place)
      for row in 0..<count {
        let line = y + place + row * to.channels
        for channel in 0..<to.channels {
          let value = line[channel] + bias[channel]
          line[channel] = fused.relu ? max(value, 0) : value
        }
      }
    }
  }

  func inputGradient(
    _ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let dy = dy.assumingMemoryBound(to: Float.self)
    let dx = dx.assumingMemoryBound(to: Float.self)
    let windows = scratch.assumingMemoryBound(to: Float.self)
    dx.update(repeating: 0, count: from.count)
    let (channels, length) = (Int32(to.channels), Int32(layout.windowCount))
    forEachChunk { picture, rows, place in
      cs_sgemm_general(
        0, 1, Int32(rows.count * to.width), length, channels, 1, dy + place, channels, matrix,
        channels, 0, windows, length)
      layout.fold(windows, rows: rows, into: dx + picture * from.features)
    }
  }

  func weightGradient(
    _ x: UnsafeRawPointer, _ dy: UnsafeRawPointer, into gradient: UnsafeMutablePointer<Float>,
    scratch: UnsafeMutableRawPointer
  ) throws {
    let x = x.assumingMemoryBound(to: Float.self)
    let dy = dy.assumingMemoryBound(to: Float.self)
    let windows = scratch.assumingMemoryBound(to: Float.self)
    let sum = windows + layout.rowsAtOnce * to.width * layout.windowCount
    sum.update(repeating: 0, count: matrix.count)
    let (channels, length) = (Int32(to.channels), Int32(layout.windowCount))
    forEachChunk { picture, rows, place in
      layout.unfold(x + picture * from.features, rows: rows, into: windows)
      cs_sgemm_general(
        1, 0, length, channels, Int32(rows.count * to.width), 1, windows, length, dy + place,
        channels, 1, sum, channels)
    }
    forEachWeight { place, plain in gradient[plain] = sum[place] }
  }

  /// Rows of each picture whose windows are held at a time, and where their results begin.
  private func forEachChunk(_ body: (_ picture: Int, _ rows: Range<Int>, _ place: Int) -> Void) {
    for picture in 0..<from.batch {
      for first in stride(from: 0, to: to.height, by: layout.rowsAtOnce) {
        let rows = first..<min(first + layout.rowsAtOnce, to.height)
        body(picture, rows, (picture * to.height + first) * to.width * to.channels)
      }
    }
  }

  /// Every weight's place in the matrix and in `[O, I, K, K]`.
  private func forEachWeight(_ body: (_ place: Int, _ plain: Int) -> Void) {
    let positions = fused.convolution.window.size * fused.convolution.window.size
    for output in 0..<to.channels {
      for input in 0..<from.channels {
        for position in 0..<positions {
          body(
            (position * from.channels + input) * to.channels + output,
            (output * from.channels + input) * positions + position)
        }
      }
    }
  }
}

import CKernels

/// Nearest-neighbour enlargement by copying whole pixels, on all threads, and its gradient.
final class UpsampleKernel: Kernel {
  private let from: ActivationShape
  private let to: ActivationShape
  private let precision: Precision
  private let rows: [UInt32]
  private let columns: [UInt32]

  init(from: ActivationShape, to: ActivationShape, precision: Precision) {
    self.from = from
    self.to = to
    self.precision = precision
    rows = NearestNeighbour.sources(from: from.height, to: to.height).map { UInt32($0) }
    columns = NearestNeighbour.sources(from: from.width, to: to.width).map { UInt32($0) }
  }

  var implementation: String { "copy" }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    cs_upsample_nearest(
      inputs[0], output, from.batch, from.height, from.width, to.height, to.width,
      to.channels * precision.bytes,
      rows, columns)
  }

  /// The gradient of the input from that of the result.
  func inputGradient(_ dy: UnsafeRawPointer, into dx: UnsafeMutableRawPointer) {
    cs_upsample_nearest_backward(
      dy, dx, from.batch, from.height, from.width, to.height, to.width, to.channels,
      precision.kernelElement, rows, columns)
  }
}

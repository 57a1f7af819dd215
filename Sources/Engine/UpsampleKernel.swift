import CKernels

/// Nearest-neighbour enlargement by copying whole pixels, on all threads.
final class UpsampleKernel: Kernel {
  private let from: ActivationShape
  private let to: ActivationShape
  private let pixelBytes: Int
  private let rows: [UInt32]
  private let columns: [UInt32]

  init(from: ActivationShape, to: ActivationShape, precision: Precision) {
    self.from = from
    self.to = to
    pixelBytes = to.channels * precision.bytes
    rows = NearestNeighbour.sources(from: from.height, to: to.height).map { UInt32($0) }
    columns = NearestNeighbour.sources(from: from.width, to: to.width).map { UInt32($0) }
  }

  var implementation: String { "copy" }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    cs_upsample_nearest(
      inputs[0], output, from.batch, from.height, from.width, to.height, to.width, pixelBytes,
      rows, columns)
  }
}

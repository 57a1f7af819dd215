import Networks

/// A convolution as matrix products: the windows of some rows of the result are laid side by side
/// (im2col) and multiplied with the weights, then the next rows.
final class UnfoldedConvolution: Kernel {
  private let fused: FusedConvolution
  private let matrix: PackedMatrix
  private let from: ActivationShape
  private let to: ActivationShape
  private let layout: WindowLayout

  init(
    _ fused: FusedConvolution, _ matrix: PackedMatrix, from: ActivationShape, to: ActivationShape
  ) {
    self.fused = fused
    self.matrix = matrix
    self.from = from
    self.to = to
    layout = WindowLayout(window: fused.convolution.window, from: from, to: to)
  }

  private var isPointwise: Bool { fused.convolution.window == Window(size: 1) }

  var scratchBytes: Int { isPointwise ? 0 : layout.rowsAtOnce * to.width * matrix.rows * 4 }
  var implementation: String { isPointwise ? "sgemm" : "im2col+sgemm" }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let source = inputs[0].assumingMemoryBound(to: Float.self)
    let target = output.assumingMemoryBound(to: Float.self)
    if isPointwise {
      return matrix.multiply(
        source, rows: from.batch * from.height * from.width, into: target,
        accumulates: fused.accumulates, relu: fused.relu)
    }
    let windows = scratch.assumingMemoryBound(to: Float.self)
    for picture in 0..<from.batch {
      for first in stride(from: 0, to: to.height, by: layout.rowsAtOnce) {
        let rows = min(layout.rowsAtOnce, to.height - first)
        layout.unfold(
          source + picture * from.features, rows: first..<(first + rows), into: windows)
        matrix.multiply(
          windows, rows: rows * to.width,
          into: target + (picture * to.height + first) * to.width * to.channels,
          accumulates: fused.accumulates, relu: fused.relu)
      }
    }
  }
}

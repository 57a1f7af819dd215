import Networks

/// A convolution as matrix products: the windows of some rows of the result are laid side by side
/// (im2col) and multiplied with the weights, then the next rows.
final class UnfoldedConvolution: Kernel {
  private let fused: FusedConvolution
  private let matrix: PackedMatrix
  private let from: ActivationShape
  private let to: ActivationShape
  private let rowsAtOnce: Int

  /// Unfolded windows held at a time: about a core's share of the last cache.
  private static let chunkBytes = 4 << 20

  init(
    _ fused: FusedConvolution, _ matrix: PackedMatrix, from: ActivationShape, to: ActivationShape
  ) {
    self.fused = fused
    self.matrix = matrix
    self.from = from
    self.to = to
    rowsAtOnce = max(1, min(to.height, Self.chunkBytes / (to.width * matrix.rows * 4)))
  }

  private var isPointwise: Bool { fused.convolution.window == Window(size: 1) }

  var scratchBytes: Int { isPointwise ? 0 : rowsAtOnce * to.width * matrix.rows * 4 }
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
      for first in stride(from: 0, to: to.height, by: rowsAtOnce) {
        let rows = min(rowsAtOnce, to.height - first)
        unfold(source + picture * from.features, rows: first..<(first + rows), into: windows)
        matrix.multiply(
          windows, rows: rows * to.width,
          into: target + (picture * to.height + first) * to.width * to.channels,
          accumulates: fused.accumulates, relu: fused.relu)
      }
    }
  }

  /// `windows[(y − rows.first) · width + x]` holds the window of output (y, x), zeros outside.
  private func unfold(
    _ picture: UnsafePointer<Float>, rows: Range<Int>, into windows: UnsafeMutablePointer<Float>
  ) {
    let window = fused.convolution.window
    let channels = from.channels
    var target = windows
    for y in rows {
      for x in 0..<to.width {
        let left = x * window.stride - window.padding
        // The columns of this window that lie inside the picture are contiguous.
        let firstColumn = max(0, -left)
        let endColumn = min(window.size, from.width - left)
        for kernelRow in 0..<window.size {
          let sourceRow = y * window.stride - window.padding + kernelRow
          if sourceRow < 0 || sourceRow >= from.height || endColumn <= firstColumn {
            target.update(repeating: 0, count: window.size * channels)
          } else {
            target.update(repeating: 0, count: firstColumn * channels)
            (target + firstColumn * channels).update(
              from: picture + (sourceRow * from.width + left + firstColumn) * channels,
              count: (endColumn - firstColumn) * channels)
            (target + endColumn * channels).update(
              repeating: 0, count: (window.size - endColumn) * channels)
          }
          target += window.size * channels
        }
      }
    }
  }
}

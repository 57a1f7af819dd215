import CKernels
import Networks

/// The windows of a convolution laid side by side: `windows[(y − rows.first) · width + x]` is the
/// window of output (y, x) in the order row, column, channel, with zeros outside the picture.
struct WindowLayout {
  let window: Window
  let from: ActivationShape
  let to: ActivationShape

  /// Values of one window.
  var windowCount: Int { window.size * window.size * from.channels }

  /// Unfolded windows held at a time: about a core's share of the last cache.
  private static let chunkBytes = 4 << 20

  /// Rows of the result whose windows are held at a time.
  var rowsAtOnce: Int {
    max(1, min(to.height, Self.chunkBytes / (to.width * windowCount * 4)))
  }

  /// Copies windows out of a picture (im2col).
  func unfold(
    _ picture: UnsafePointer<Float>, rows: Range<Int>, into windows: UnsafeMutablePointer<Float>
  ) {
    var job = cs_unfold_job(
      pictures: 1, height: from.height, width: from.width, first_row: rows.lowerBound,
      rows: rows.count, out_width: to.width, window: window.size, stride: window.stride,
      padding: window.padding, pixel: from.channels * 4)
    cs_unfold(&job, picture, windows)
  }

  /// Adds windows to a picture: what `unfold` read, `fold` writes (col2im).
  func fold(
    _ windows: UnsafePointer<Float>, rows: Range<Int>, into picture: UnsafeMutablePointer<Float>
  ) {
    let channels = from.channels
    var place = 0
    for y in rows {
      for x in 0..<to.width {
        let left = x * window.stride - window.padding
        // The columns of this window that lie inside the picture are contiguous.
        let first = max(0, -left)
        let end = min(window.size, from.width - left)
        for kernelRow in 0..<window.size {
          let row = y * window.stride - window.padding + kernelRow
          if row >= 0 && row < from.height && end > first {
            let source = windows + place + first * channels
            let target = picture + (row * from.width + left + first) * channels
            for index in 0..<((end - first) * channels) { target[index] += source[index] }
          }
          place += window.size * channels
        }
      }
    }
  }
}

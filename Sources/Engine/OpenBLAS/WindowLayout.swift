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
    let channels = from.channels
    forEachLine(of: rows) { line, place in
      let target = windows + place
      guard let line else {
        target.update(repeating: 0, count: window.size * channels)
        return
      }
      target.update(repeating: 0, count: line.skipped * channels)
      (target + line.skipped * channels).update(
        from: picture + line.start * channels, count: line.count * channels)
      (target + (line.skipped + line.count) * channels).update(
        repeating: 0, count: (window.size - line.skipped - line.count) * channels)
    }
  }

  /// Adds windows to a picture: what `unfold` read, `fold` writes (col2im).
  func fold(
    _ windows: UnsafePointer<Float>, rows: Range<Int>, into picture: UnsafeMutablePointer<Float>
  ) {
    let channels = from.channels
    forEachLine(of: rows) { line, place in
      guard let line else { return }
      let source = windows + place + line.skipped * channels
      let target = picture + line.start * channels
      for index in 0..<(line.count * channels) { target[index] += source[index] }
    }
  }

  /// A window's line inside the picture: pixels from `start` on, the first `skipped` lie outside.
  private struct Line {
    let start, skipped, count: Int
  }

  /// Every line of every window, nil where none of it lies inside, and its place in the windows.
  @inline(__always)
  private func forEachLine(of rows: Range<Int>, _ body: (_ line: Line?, _ place: Int) -> Void) {
    var place = 0
    for y in rows {
      for x in 0..<to.width {
        let left = x * window.stride - window.padding
        // The columns of this window that lie inside the picture are contiguous.
        let first = max(0, -left)
        let end = min(window.size, from.width - left)
        for kernelRow in 0..<window.size {
          let row = y * window.stride - window.padding + kernelRow
          if row < 0 || row >= from.height || end <= first {
            body(nil, place)
          } else {
            body(
              Line(start: row * from.width + left + first, skipped: first, count: end - first),
              place)
          }
          place += window.size * from.channels
        }
      }
    }
  }
}

import Networks

/// Maximum pooling.
final class PlainMaxPool<In: Element, Out: Element>: PlainKernel {
  private let window: Window
  private let from: ActivationShape
  private let to: ActivationShape

  init(_ window: Window, from: ActivationShape, to: ActivationShape) {
    self.window = window
    self.from = from
    self.to = to
  }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let source = inputs[0].assumingMemoryBound(to: In.self)
    var target = output.assumingMemoryBound(to: Out.self)
    for picture in 0..<to.batch {
      let pixels = source + picture * from.features
      for y in 0..<to.height {
        for x in 0..<to.width {
          let rows = covered(y, of: from.height)
          let columns = covered(x, of: from.width)
          for channel in 0..<to.channels {
            var greatest = -Float.infinity
            for row in rows {
              for column in columns {
                let value = pixels[(row * from.width + column) * from.channels + channel].float
                greatest = max(greatest, value)
              }
            }
            target[channel] = Out(rounding: greatest)
          }
          target += to.channels
        }
      }
    }
  }

  /// The rows (or columns) of the picture under the window at a position.
  private func covered(_ position: Int, of length: Int) -> Range<Int> {
    let first = position * window.stride - window.padding
    let low = max(0, first)
    return low..<max(low, min(length, first + window.size))
  }
}

/// The mean over height and width.
final class PlainAveragePool<In: Element, Out: Element>: PlainKernel {
  private let from: ActivationShape

  init(from: ActivationShape) { self.from = from }

  var scratchBytes: Int { from.channels * MemoryLayout<Float>.stride }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let source = inputs[0].assumingMemoryBound(to: In.self)
    let target = output.assumingMemoryBound(to: Out.self)
    let sums = scratch.assumingMemoryBound(to: Float.self)
    let positions = from.height * from.width
    for picture in 0..<from.batch {
      sums.update(repeating: 0, count: from.channels)
      for position in 0..<positions {
        let pixel = source + picture * from.features + position * from.channels
        for channel in 0..<from.channels { sums[channel] += pixel[channel].float }
      }
      for channel in 0..<from.channels {
        target[picture * from.channels + channel] = Out(
          rounding: sums[channel] / Float(positions))
      }
    }
  }
}

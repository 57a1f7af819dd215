import Networks

/// A convolution from its definition.
final class PlainConvolution<In: Element, Out: Element>: PlainKernel {
  private let fused: FusedConvolution
  private let weights: FoldedParameters.Weights
  private let from: ActivationShape
  private let to: ActivationShape

  init(
    _ fused: FusedConvolution, _ weights: FoldedParameters.Weights, from: ActivationShape,
    to: ActivationShape
  ) {
    self.fused = fused
    self.weights = weights
    self.from = from
    self.to = to
  }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let source = inputs[0].assumingMemoryBound(to: In.self)
    let target = output.assumingMemoryBound(to: Out.self)
    var position = 0
    for picture in 0..<to.batch {
      for y in 0..<to.height {
        for x in 0..<to.width {
          for channel in 0..<to.channels {
            var sum = weights.bias[channel]
            sum += product(source + picture * from.features, y: y, x: x, output: channel)
            if fused.accumulates { sum += target[position].float }
            target[position] = Out(rounding: fused.relu ? max(sum, 0) : sum)
            position += 1
          }
        }
      }
    }
  }

  private func product(_ picture: UnsafePointer<In>, y: Int, x: Int, output: Int) -> Float {
    let window = fused.convolution.window
    var sum: Float = 0
    for kernelY in 0..<window.size {
      let row = y * window.stride - window.padding + kernelY
      guard row >= 0, row < from.height else { continue }
      for kernelX in 0..<window.size {
        let column = x * window.stride - window.padding + kernelX
        guard column >= 0, column < from.width else { continue }
        let pixel = picture + (row * from.width + column) * from.channels
        for channel in 0..<from.channels {
          let weight =
            ((output * from.channels + channel) * window.size + kernelY) * window.size + kernelX
          sum += pixel[channel].float * weights.weights[weight]
        }
      }
    }
    return sum
  }
}

/// A fully connected layer from its definition.
final class PlainLinear<In: Element, Out: Element>: PlainKernel {
  private let fused: FusedLinear
  private let weights: FoldedParameters.Weights
  private let rows: Int

  init(_ fused: FusedLinear, _ weights: FoldedParameters.Weights, rows: Int) {
    self.fused = fused
    self.weights = weights
    self.rows = rows
  }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    let source = inputs[0].assumingMemoryBound(to: In.self)
    let target = output.assumingMemoryBound(to: Out.self)
    let (features, outputs) = (fused.linear.inputFeatures, fused.linear.outputFeatures)
    for row in 0..<rows {
      for output in 0..<outputs {
        var sum = weights.bias[output]
        for feature in 0..<features {
          sum +=
            source[row * features + feature].float * weights.weights[output * features + feature]
        }
        target[row * outputs + output] = Out(rounding: fused.relu ? max(sum, 0) : sum)
      }
    }
  }
}

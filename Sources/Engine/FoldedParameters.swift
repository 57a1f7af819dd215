import Networks
import Tensors

/// A network's parameters as inference wants them: batch normalisation folded in.
struct FoldedParameters {
  let source: ParameterSource
  /// What kernels have packed of them.
  var packed = PackedParameters()

  /// Weights in row-major order and a bias for each output.
  struct Weights {
    var weights: [Float]
    var bias: [Float]
  }

  /// `[O, I, K, K]` weights scaled by `γ / √(σ² + ε)`, bias `β + (b − μ) γ / √(σ² + ε)`.
  func convolution(_ fused: FusedConvolution) throws -> Weights {
    let convolution = fused.convolution
    let outputs = convolution.outputChannels
    let side = convolution.window.size
    var weights = try values(
      convolution.name + ".weight", [outputs, convolution.inputChannels, side, side])
    var bias =
      convolution.hasBias
      ? try values(convolution.name + ".bias", [outputs])
      : [Float](repeating: 0, count: outputs)
    if let normalization = fused.normalization {
      let (scale, shift) = try affine(normalization)
      let perOutput = weights.count / outputs
      for output in 0..<outputs {
        for index in (output * perOutput)..<((output + 1) * perOutput) {
          weights[index] *= scale[output]
        }
        bias[output] = bias[output] * scale[output] + shift[output]
      }
    }
    return Weights(weights: weights, bias: bias)
  }

  /// `[M, K]` weights. PyTorch flattens C, H, W; activations here are H, W, C: the columns are put
  /// in that order.
  func linear(_ linear: Linear, input: ActivationShape) throws -> Weights {
    let rows = linear.outputFeatures
    let columns = linear.inputFeatures
    let torch = try values(linear.name + ".weight", [rows, columns])
    let bias = try values(linear.name + ".bias", [rows])
    let positions = input.height * input.width
    guard positions > 1 else { return Weights(weights: torch, bias: bias) }
    let channels = input.channels
    var weights = [Float](repeating: 0, count: torch.count)
    for row in 0..<rows {
      for channel in 0..<channels {
        for position in 0..<positions {
          weights[row * columns + position * channels + channel] =
            torch[row * columns + channel * positions + position]
        }
      }
    }
    return Weights(weights: weights, bias: bias)
  }

  /// Batch normalisation on stored statistics as `x · scale + shift`.
  func affine(_ normalization: BatchNormalization) throws -> (scale: [Float], shift: [Float]) {
    let shape = [normalization.channels]
    let gamma = try values(normalization.name + ".weight", shape)
    let beta = try values(normalization.name + ".bias", shape)
    let mean = try values(normalization.name + ".running_mean", shape)
    let variance = try values(normalization.name + ".running_var", shape)
    let scale = zip(gamma, variance).map { $0 / ($1 + normalization.epsilon).squareRoot() }
    let shift = zip(zip(beta, mean), scale).map { $0.0 - $0.1 * $1 }
    return (scale, shift)
  }

  private func values(_ name: String, _ shape: [Int]) throws -> [Float] {
    let tensor = try source(name)
    guard tensor.shape == shape else {
      throw EngineError.parameterShape(name: name, expected: shape, found: tensor.shape)
    }
    return tensor.values
  }
}

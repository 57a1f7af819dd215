import COpenBLAS
import Networks

/// OpenBLAS: convolutions as matrix products over unfolded windows, f32.
final class OpenBLASBackend: Backend {
  var name: BackendName { .openblas }
  var supportsBFloat16: Bool { false }

  func use(threads: Int) { cs_openblas_set_threads(Int32(threads)) }

  func makeKernel(
    for step: LoweredStep, inputs: [Value], output: Value, parameters: FoldedParameters
  ) throws -> (any Kernel)? {
    switch step.kernel {
    case .convolution(let fused):
      let matrix = try matrix(fused.weightKey, of: parameters) {
        PackedMatrix(convolution: fused.convolution, try parameters.convolution(fused))
      }
      return UnfoldedConvolution(fused, matrix, from: inputs[0].shape, to: output.shape)
    case .linear(let fused):
      let matrix = try matrix(fused.linear.name, of: parameters) {
        PackedMatrix(
          linear: fused.linear, try parameters.linear(fused.linear, input: inputs[0].shape))
      }
      return MatrixProduct(matrix, rows: inputs[0].shape.batch, relu: fused.relu)
    default: return nil
    }
  }

  func makeTrainable(_ request: TrainableConvolutionRequest) throws -> any TrainableConvolution {
    try UnfoldedTrainableConvolution(request)
  }

  private func matrix(
    _ key: String, of parameters: FoldedParameters, _ make: () throws -> PackedMatrix
  ) throws -> PackedMatrix {
    let known = parameters.packed.entries[key, default: []].lazy.compactMap { $0 as? PackedMatrix }
    if let first = known.first { return first }
    let matrix = try make()
    parameters.packed.entries[key, default: []].append(matrix)
    return matrix
  }
}

/// Weights as the right-hand matrix of a product: `[K·K·I, O]`, rows in the order of a window.
final class PackedMatrix {
  let rows: Int
  let columns: Int
  let values: [Float]
  let bias: [Float]

  init(convolution: Convolution, _ folded: FoldedParameters.Weights) {
    let side = convolution.window.size
    let (outputs, inputs) = (convolution.outputChannels, convolution.inputChannels)
    var values = [Float](repeating: 0, count: folded.weights.count)
    for output in 0..<outputs {
      for input in 0..<inputs {
        for position in 0..<(side * side) {
          values[(position * inputs + input) * outputs + output] =
            folded.weights[(output * inputs + input) * side * side + position]
        }
      }
    }
    rows = side * side * inputs
    columns = outputs
    self.values = values
    bias = folded.bias
  }

  init(linear: Linear, _ folded: FoldedParameters.Weights) {
    var values = [Float](repeating: 0, count: folded.weights.count)
    for output in 0..<linear.outputFeatures {
      for input in 0..<linear.inputFeatures {
        values[input * linear.outputFeatures + output] =
          folded.weights[output * linear.inputFeatures + input]
      }
    }
    rows = linear.inputFeatures
    columns = linear.outputFeatures
    self.values = values
    bias = folded.bias
  }

  /// `target[m, O] = source[m, K·K·I] · values + bias`, added to what `target` holds where asked,
  /// rectified where asked.
  func multiply(
    _ source: UnsafePointer<Float>, rows m: Int, into target: UnsafeMutablePointer<Float>,
    accumulates: Bool, relu: Bool
  ) {
    cs_sgemm(
      Int32(m), Int32(columns), Int32(rows), source, values, accumulates ? 1 : 0, target)
    bias.withUnsafeBufferPointer { bias in
      for row in 0..<m {
        let line = target + row * columns
        if relu {
          for column in 0..<columns { line[column] = max(line[column] + bias[column], 0) }
        } else {
          for column in 0..<columns { line[column] += bias[column] }
        }
      }
    }
  }
}

/// A fully connected layer.
final class MatrixProduct: Kernel {
  private let matrix: PackedMatrix
  private let rows: Int
  private let relu: Bool

  init(_ matrix: PackedMatrix, rows: Int, relu: Bool) {
    self.matrix = matrix
    self.rows = rows
    self.relu = relu
  }

  var implementation: String { "sgemm" }

  func run(
    inputs: [UnsafeRawPointer], output: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
  ) throws {
    matrix.multiply(
      inputs[0].assumingMemoryBound(to: Float.self), rows: rows,
      into: output.assumingMemoryBound(to: Float.self), accumulates: false, relu: relu)
  }
}

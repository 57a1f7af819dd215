import CKernels
import Networks

/// How batch normalisation gets its mean and variance.
public enum NormalizationStatistics: Sendable, Hashable {
  /// From the batch; the stored ones follow where asked: `stored = 0.9 · stored + 0.1 · batch`, with
  /// the unbiased variance (PyTorch's momentum 0.1).
  case batch(updatesStored: Bool)
  /// As stored.
  case stored
}

/// Batch normalisation with its gradient (Ioffe & Szegedy 2015), a residual and a ReLU joined to it.
/// Values are `rows × channels`.
final class NormalizationLayer {
  private let layer: BatchNormalization
  private let rows: Int
  private let element: Int32
  private let relu: Bool
  private var mean, variance, inverseDeviation, scale, shift: [Float]
  private var sums, products: [Double]

  static let momentum: Float = 0.1

  init(_ layer: BatchNormalization, shape: ActivationShape, precision: Precision, relu: Bool) {
    self.layer = layer
    self.relu = relu
    rows = shape.count / shape.channels
    element = precision.kernelElement
    let zeros = [Float](repeating: 0, count: layer.channels)
    (mean, variance, inverseDeviation, scale, shift) = (zeros, zeros, zeros, zeros, zeros)
    sums = .init(repeating: 0, count: layer.channels)
    products = sums
  }

  var scratchBytes: Int { cs_channel_scratch(layer.channels) * 4 }

  func forward(
    _ x: UnsafeRawPointer, residual: UnsafeRawPointer?, into y: UnsafeMutableRawPointer,
    scratch: UnsafeMutableRawPointer, store: ParameterStore, statistics: NormalizationStatistics
  ) throws {
    let storedMean = try store.values(layer.name + ".running_mean")
    let storedVariance = try store.values(layer.name + ".running_var")
    let gamma = try store.values(layer.name + ".weight")
    let beta = try store.values(layer.name + ".bias")
    switch statistics {
    case .stored:
      mean = Array(storedMean)
      variance = Array(storedVariance)
    case .batch(let updatesStored):
      cs_channel_statistics(
        x, rows, layer.channels, element, &mean, &variance,
        scratch.assumingMemoryBound(to: Float.self))
      guard updatesStored else { break }
      let unbiased = Float(rows) / Float(max(rows - 1, 1))
      for channel in 0..<layer.channels {
        storedMean[channel] += Self.momentum * (mean[channel] - storedMean[channel])
        storedVariance[channel] +=
          Self.momentum * (variance[channel] * unbiased - storedVariance[channel])
      }
    }
    for channel in 0..<layer.channels {
      inverseDeviation[channel] = 1 / (variance[channel] + layer.epsilon).squareRoot()
      scale[channel] = gamma[channel] * inverseDeviation[channel]
      shift[channel] = beta[channel] - mean[channel] * scale[channel]
    }
    scale.withUnsafeBufferPointer { scale in
      shift.withUnsafeBufferPointer { shift in
        var job = cs_channel_affine_job(
          x: x, residual: residual, scale: scale.baseAddress, shift: shift.baseAddress, y: y,
          rows: rows, channels: layer.channels, element: element, relu: relu)
        cs_channel_affine(&job)
      }
    }
  }

  /// - Parameters:
  ///   - dx: where the gradient of `x` goes; it may be `dy`. Nil where only the parameters' is wanted.
  ///   - dresidual: where the gradient of the residual goes.
  func backward(
    _ dy: UnsafeRawPointer, y: UnsafeRawPointer, x: UnsafeRawPointer,
    dx: UnsafeMutableRawPointer?, dresidual: UnsafeMutableRawPointer?,
    scratch: UnsafeMutableRawPointer, store: ParameterStore, statistics: NormalizationStatistics,
    accumulates: Bool, wantsParameters: Bool
  ) throws {
    try mean.withUnsafeBufferPointer { mean in
      var job = cs_channel_backward_job()
      job.dy = dy
      job.y = relu ? y : nil
      job.x = x
      job.mean = mean.baseAddress
      (job.rows, job.channels, job.element) = (rows, layer.channels, element)
      cs_channel_backward_sums(
        &job, &sums, &products, scratch.assumingMemoryBound(to: Float.self))
      if wantsParameters {
        let gammaGradient = try store.gradients(layer.name + ".weight")
        let betaGradient = try store.gradients(layer.name + ".bias")
        for channel in 0..<layer.channels {
          let gamma = Float(products[channel]) * inverseDeviation[channel]
          let beta = Float(sums[channel])
          gammaGradient[channel] = (accumulates ? gammaGradient[channel] : 0) + gamma
          betaGradient[channel] = (accumulates ? betaGradient[channel] : 0) + beta
        }
      }
      guard let dx else { return }
      // dx = γ/σ · (dz − mean(dz) − x̂ · mean(dz · x̂)); the means fall away on stored statistics.
      var factor = [Float](repeating: 0, count: layer.channels)
      var constant = factor
      if case .batch = statistics {
        for channel in 0..<layer.channels {
          let inverse = Double(inverseDeviation[channel])
          let share = Double(scale[channel]) / Double(rows)
          factor[channel] = Float(-share * inverse * inverse * products[channel])
          constant[channel] = Float(-share * sums[channel])
        }
      }
      scale.withUnsafeBufferPointer { scale in
        factor.withUnsafeBufferPointer { factor in
          constant.withUnsafeBufferPointer { constant in
            (job.a, job.b, job.c) = (scale.baseAddress, factor.baseAddress, constant.baseAddress)
            (job.dx, job.dresidual) = (dx, dresidual)
            cs_channel_backward(&job)
          }
        }
      }
    }
  }
}

extension Precision {
  /// The number by which our kernels know the format.
  var kernelElement: Int32 { self == .bf16 ? 1 : 0 }
}

import Engine
import Networks
import Tensors

/// Pruning without data by the channels' Lipschitz constants (Zheng et al. 2022, "Data-free Backdoor
/// Removal based on Channel Lipschitzness", section 4): a channel that a trigger drives must react to
/// a small change of the input more strongly than its neighbours do.
///
/// The bound of output channel k of a convolution with normalisation is `‖Wₖ‖₂ · |γₖ| / √(σₖ² + ε)`,
/// where `‖Wₖ‖₂` is the greatest singular value of the kernel as an `I × K·K` matrix. Channels whose
/// bound lies more than `threshold` standard deviations above the layer's mean are switched off
/// (γ = β = 0).
package struct ChannelLipschitz {
  /// u of the paper, in standard deviations.
  let threshold: Float

  package init(threshold: Float) { self.threshold = threshold }

  /// Switches channels off.
  package func prune(_ store: ParameterStore, _ graph: Graph) throws {
    for node in graph.nodes {
      guard case .batchNormalization(let normalization) = node.operation,
        let input = node.inputs.first,
        case .convolution(let convolution) = graph.nodes[input.index].operation
      else { continue }
      let bounds = try self.bounds(convolution, normalization, store)
      try SwitchedOffChannels(layer: normalization.name, channels: outliers(bounds))
        .apply(to: store)
    }
  }

  /// The indices of values more than `threshold` standard deviations above the mean.
  func outliers(_ values: [Double]) -> [Int] {
    guard values.count > 1 else { return [] }
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let deviation = (squares / Double(values.count - 1)).squareRoot()
    return values.indices.filter { values[$0] > mean + Double(threshold) * deviation }
  }

  /// The bound of every output channel.
  func bounds(
    _ convolution: Convolution, _ normalization: BatchNormalization, _ store: ParameterStore
  ) throws -> [Double] {
    let weights = try store.values(convolution.name + ".weight")
    let gamma = try store.values(normalization.name + ".weight")
    let variance = try store.values(normalization.name + ".running_var")
    let positions = convolution.window.size * convolution.window.size
    let count = convolution.inputChannels * positions
    return (0..<convolution.outputChannels).map { channel in
      let kernel = UnsafeBufferPointer(
        rebasing: weights[(channel * count)..<((channel + 1) * count)])
      let deviation = (variance[channel] + normalization.epsilon).squareRoot()
      return Self.spectralNorm(kernel, columns: positions)
        * Double(abs(gamma[channel]) / deviation)
    }
  }

  /// The greatest singular value of a row-major matrix with few columns, by power iteration on its
  /// Gram matrix.
  static func spectralNorm(_ matrix: UnsafeBufferPointer<Float>, columns: Int) -> Double {
    var gram = [Double](repeating: 0, count: columns * columns)
    for row in stride(from: 0, to: matrix.count, by: columns) {
      for i in 0..<columns {
        for j in 0..<columns {
          gram[i * columns + j] += Double(matrix[row + i]) * Double(matrix[row + j])
        }
      }
    }
    // Not orthogonal to the first singular vector but by accident; the second start mends that.
    var greatest = 0.0
    for start in [1.0, -1.0] {
      var vector = (0..<columns).map { $0 % 2 == 0 ? 1 : start * (1 + Double($0) / 64) }
      var value = 0.0
      for _ in 0..<200 {
        var next = [Double](repeating: 0, count: columns)
        for i in 0..<columns {
          for j in 0..<columns { next[i] += gram[i * columns + j] * vector[j] }
        }
        let length = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard length > 0 else { break }
        vector = next.map { $0 / length }
        if abs(length - value) <= 1e-12 * length { break }
        value = length
      }
      greatest = max(greatest, value)
    }
    return greatest.squareRoot()
  }
}

/// Channels of a normalisation layer that give 0, and stay so while the rest is trained.
package struct SwitchedOffChannels {
  /// The layer's name.
  let layer: String
  package let channels: [Int]

  /// Those that are off in a store, by layer; a channel is off where γ and β are exactly 0.
  package static func all(in store: ParameterStore, _ graph: Graph) throws -> [SwitchedOffChannels]
  {
    try graph.nodes.compactMap { node in
      guard case .batchNormalization(let normalization) = node.operation else { return nil }
      let scale = try store.values(normalization.name + ".weight")
      let shift = try store.values(normalization.name + ".bias")
      let off = scale.indices.filter { scale[$0] == 0 && shift[$0] == 0 }
      return off.isEmpty ? nil : SwitchedOffChannels(layer: normalization.name, channels: off)
    }
  }

  package func apply(to store: ParameterStore) throws {
    let scale = try store.values(layer + ".weight")
    let shift = try store.values(layer + ".bias")
    for channel in channels {
      scale[channel] = 0
      shift[channel] = 0
    }
  }
}

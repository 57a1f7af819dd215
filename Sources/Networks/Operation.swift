/// What a node computes. Activations have the logical shape `[N, H, W, C]`.
public enum Operation: Sendable, Hashable {
  /// The pictures, normalised.
  case input(channels: Int)
  /// Cross-correlation with `[O, I, Kh, Kw]` weights.
  case convolution(Convolution)
  /// Batch normalisation over N, H, W.
  case batchNormalization(BatchNormalization)
  /// `max(x, 0)`.
  case relu
  /// The sum of two inputs of one shape.
  case add
  /// Nearest-neighbour enlargement of the first input to the second's height and width.
  case upsampleNearest
  /// The maximum over a window; positions outside the picture do not count.
  case maxPool(Window)
  /// The mean over H and W: `[N, 1, 1, C]`.
  case globalAveragePool
  /// `x Wᵀ + b` on the input flattened in PyTorch's order (C, H, W).
  case linear(Linear)

  /// The parameters the operation reads.
  public var parameters: [ParameterSpecification] {
    switch self {
    case .convolution(let convolution): convolution.parameters
    case .batchNormalization(let normalization): normalization.parameters
    case .linear(let linear): linear.parameters
    case .input, .relu, .add, .upsampleNearest, .maxPool, .globalAveragePool: []
    }
  }
}

/// A square window that slides over a picture.
public struct Window: Sendable, Hashable {
  /// Side in pixels.
  public let size: Int
  /// Step in pixels.
  public let stride: Int
  /// Pixels added on each side.
  public let padding: Int

  /// A window.
  public init(size: Int, stride: Int = 1, padding: Int = 0) {
    self.size = size
    self.stride = stride
    self.padding = padding
  }

  /// The number of positions along a side of `length` pixels; below 1 where the window does not fit.
  public func positions(along length: Int) -> Int {
    length + 2 * padding < size ? 0 : (length + 2 * padding - size) / stride + 1
  }
}

/// A 2-d convolution.
public struct Convolution: Sendable, Hashable {
  /// The name its parameters begin with.
  public let name: String
  /// Channels read and written.
  public let inputChannels, outputChannels: Int
  /// Kernel side, stride and padding.
  public let window: Window
  /// Whether it adds a bias.
  public let hasBias: Bool

  /// A convolution.
  public init(
    name: String, inputChannels: Int, outputChannels: Int, window: Window, hasBias: Bool
  ) {
    self.name = name
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.window = window
    self.hasBias = hasBias
  }

  var parameters: [ParameterSpecification] {
    let weight = ParameterSpecification(
      name: name + ".weight", shape: [outputChannels, inputChannels, window.size, window.size])
    return hasBias ? [weight, .init(name: name + ".bias", shape: [outputChannels])] : [weight]
  }
}

/// Batch normalisation with stored statistics.
public struct BatchNormalization: Sendable, Hashable {
  /// The name its parameters begin with.
  public let name: String
  /// Channels.
  public let channels: Int
  /// Added to the variance.
  public let epsilon: Float

  var parameters: [ParameterSpecification] {
    ["weight", "bias", "running_mean", "running_var"].map {
      ParameterSpecification(name: "\(name).\($0)", shape: [channels])
    }
  }
}

/// A fully connected layer with bias.
public struct Linear: Sendable, Hashable {
  /// The name its parameters begin with.
  public let name: String
  /// Length of the flattened input.
  public let inputFeatures: Int
  /// Length of the output.
  public let outputFeatures: Int

  var parameters: [ParameterSpecification] {
    [
      .init(name: name + ".weight", shape: [outputFeatures, inputFeatures]),
      .init(name: name + ".bias", shape: [outputFeatures]),
    ]
  }
}

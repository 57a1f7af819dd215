import Networks

/// A value that steps hand to each other.
struct ValueID: Hashable {
  let index: Int
}

/// A value's shape and format.
struct Value {
  let shape: ActivationShape
  let precision: Precision
  var layout = Layout.channelsLast

  /// The order of a value's bytes.
  enum Layout {
    /// NHWC: everywhere but between convolutions of one backend.
    case channelsLast
    /// Blocks of 16 channels, what oneDNN's Winograd kernels read and write.
    case blocks
  }
}

/// One call of a kernel, after folding and fusing.
struct LoweredStep {
  let kernel: Kernel
  /// What is read. An accumulating convolution reads its residual through `output`'s memory.
  let inputs: [ValueID]
  let output: ValueID
  /// The value whose memory `output` takes over, added to by the kernel.
  let residual: ValueID?
  let stage: String

  enum Kernel {
    case convolution(FusedConvolution)
    case linear(FusedLinear)
    case maxPool(Window)
    case globalAveragePool
    case upsampleNearest
    /// Sum of two inputs, rectified or not.
    case add(relu: Bool)
    case relu
    /// `x · scale + shift` by channel: batch normalisation that follows no convolution.
    case affine(BatchNormalization, relu: Bool)
    /// The same values in other memory, in the output's precision.
    case copy
    /// The same values in the output's layout.
    case reorder
  }
}

/// Convolution, folded batch normalisation, bias, residual and ReLU in one kernel.
struct FusedConvolution {
  let convolution: Convolution
  let normalization: BatchNormalization?
  let accumulates: Bool
  let relu: Bool
  /// Whether it runs by Winograd's algorithm, on blocks of channels.
  var usesWinograd = false

  /// Names the folded parameters: steps with one key share their packed weights.
  var weightKey: String { convolution.name + "|" + (normalization?.name ?? "") }
}

/// A fully connected layer and ReLU.
struct FusedLinear {
  let linear: Linear
  let relu: Bool
}

/// What a plan executes, in order.
struct Program {
  var values: [Value] = []
  var steps: [LoweredStep] = []
  var input = ValueID(index: 0)
  var outputs: [(name: String, value: ValueID)] = []

  subscript(_ id: ValueID) -> Value { values[id.index] }

  mutating func makeValue(
    _ shape: ActivationShape, _ precision: Precision, layout: Value.Layout = .channelsLast
  ) -> ValueID {
    values.append(Value(shape: shape, precision: precision, layout: layout))
    return ValueID(index: values.count - 1)
  }
}

extension Graph {
  /// The pictures.
  public mutating func input(channels: Int) -> NodeID { append(.input(channels: channels)) }

  /// A convolution; its padding keeps the size where the stride is 1, unless given.
  public mutating func convolution(
    _ x: NodeID, name: String, from inputChannels: Int, to outputChannels: Int, kernel: Int,
    stride: Int = 1, padding: Int? = nil, bias: Bool = false
  ) -> NodeID {
    let window = Window(size: kernel, stride: stride, padding: padding ?? (kernel - 1) / 2)
    return append(
      .convolution(
        Convolution(
          name: name, inputChannels: inputChannels, outputChannels: outputChannels, window: window,
          hasBias: bias)), [x])
  }

  /// Batch normalisation.
  public mutating func batchNormalization(
    _ x: NodeID, name: String, channels: Int, epsilon: Float
  ) -> NodeID {
    append(
      .batchNormalization(BatchNormalization(name: name, channels: channels, epsilon: epsilon)),
      [x])
  }

  /// Rectification.
  public mutating func relu(_ x: NodeID) -> NodeID { append(.relu, [x]) }

  /// The sum of two nodes.
  public mutating func add(_ x: NodeID, _ y: NodeID) -> NodeID { append(.add, [x, y]) }

  /// `x` enlarged to the height and width of `reference`.
  public mutating func upsampleNearest(_ x: NodeID, like reference: NodeID) -> NodeID {
    append(.upsampleNearest, [x, reference])
  }

  /// Maximum pooling.
  public mutating func maxPool(_ x: NodeID, _ window: Window) -> NodeID {
    append(.maxPool(window), [x])
  }

  /// The mean over height and width.
  public mutating func globalAveragePool(_ x: NodeID) -> NodeID { append(.globalAveragePool, [x]) }

  /// A fully connected layer.
  public mutating func linear(
    _ x: NodeID, name: String, from inputFeatures: Int, to outputFeatures: Int
  ) -> NodeID {
    append(
      .linear(Linear(name: name, inputFeatures: inputFeatures, outputFeatures: outputFeatures)),
      [x])
  }
}

/// One parameter or buffer that a network needs, by torchvision's name.
public struct ParameterSpecification: Sendable, Equatable {
  /// Its name in the state dict.
  public var name: String
  /// Its shape: OIHW for convolutions, outputs × inputs for linear layers.
  public var shape: [Int]

  /// A specification.
  public init(_ name: String, _ shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}

extension ModelArchitecture {
  /// Every parameter and buffer, named and shaped as in torchvision's state dict,
  /// `num_batches_tracked` left out.
  public var expectedParameters: [ParameterSpecification] {
    switch self {
    case .classifier(let classifier): classifier.expectedParameters
    case .fasterRCNN(let detector): detector.expectedParameters
    }
  }
}

extension ClassifierArchitecture {
  var expectedParameters: [ParameterSpecification] {
    var list = trunk.expectedParameters(prefix: "", stemKernel: stem == .cifar ? 3 : 7)
    if let classes {
      list.linear("fc", inputs: trunk.layerChannels[3], outputs: classes)
    }
    return list
  }
}

extension FasterRCNNArchitecture {
  var expectedParameters: [ParameterSpecification] {
    var list = trunk.expectedParameters(prefix: "backbone.body.", stemKernel: 7)
    for (level, channels) in trunk.layerChannels.enumerated() {
      list.convolution(
        "backbone.fpn.inner_blocks.\(level).0", channels, fpnChannels, kernel: 1, bias: true)
    }
    for level in trunk.layerChannels.indices {
      list.convolution(
        "backbone.fpn.layer_blocks.\(level).0", fpnChannels, fpnChannels, kernel: 3, bias: true)
    }
    let anchors = anchorsPerLocation
    list.convolution("rpn.head.conv.0.0", fpnChannels, fpnChannels, kernel: 3, bias: true)
    list.convolution("rpn.head.cls_logits", fpnChannels, anchors, kernel: 1, bias: true)
    list.convolution("rpn.head.bbox_pred", fpnChannels, 4 * anchors, kernel: 1, bias: true)
    list.linear(
      "roi_heads.box_head.fc6", inputs: fpnChannels * boxPoolSize * boxPoolSize,
      outputs: boxHeadWidth)
    list.linear("roi_heads.box_head.fc7", inputs: boxHeadWidth, outputs: boxHeadWidth)
    list.linear(
      "roi_heads.box_predictor.cls_score", inputs: boxHeadWidth, outputs: outputClasses)
    list.linear(
      "roi_heads.box_predictor.bbox_pred", inputs: boxHeadWidth, outputs: 4 * outputClasses)
    return list
  }
}

extension ResNetTrunk {
  func expectedParameters(prefix: String, stemKernel: Int) -> [ParameterSpecification] {
    var list: [ParameterSpecification] = []
    list.convolution(prefix + "conv1", 3, 64, kernel: stemKernel)
    list.batchNorm(prefix + "bn1", 64)
    var inputs = 64
    for layer in 0..<4 {
      let width = 64 << layer
      let outputs = layerChannels[layer]
      for block in 0..<blocks[layer] {
        let name = "\(prefix)layer\(layer + 1).\(block)."
        let kernels = isBottleneck ? [1, 3, 1] : [3, 3]
        var channels = inputs
        for (index, kernel) in kernels.enumerated() {
          let next = index == kernels.count - 1 ? outputs : width
          list.convolution("\(name)conv\(index + 1)", channels, next, kernel: kernel)
          list.batchNorm("\(name)bn\(index + 1)", next)
          channels = next
        }
        if block == 0, layer > 0 || inputs != outputs {
          list.convolution(name + "downsample.0", inputs, outputs, kernel: 1)
          list.batchNorm(name + "downsample.1", outputs)
        }
        inputs = outputs
      }
    }
    return list
  }
}

extension [ParameterSpecification] {
  mutating func convolution(
    _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int, bias: Bool = false
  ) {
    append(ParameterSpecification(name + ".weight", [outputs, inputs, kernel, kernel]))
    if bias { append(ParameterSpecification(name + ".bias", [outputs])) }
  }

  mutating func linear(_ name: String, inputs: Int, outputs: Int) {
    append(ParameterSpecification(name + ".weight", [outputs, inputs]))
    append(ParameterSpecification(name + ".bias", [outputs]))
  }

  mutating func batchNorm(_ name: String, _ channels: Int) {
    for part in ["weight", "bias", "running_mean", "running_var"] {
      append(ParameterSpecification("\(name).\(part)", [channels]))
    }
  }
}

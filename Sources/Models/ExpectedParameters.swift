import Networks

extension ModelArchitecture {
  /// Every parameter and buffer, named and shaped as in torchvision's state dict,
  /// `num_batches_tracked` left out.
  public var expectedParameters: [ParameterSpecification] {
    switch self {
    case .classifier(let classifier): classifier.graph.parameters
    case .fasterRCNN(let detector): detector.network.parameters
    }
  }
}

extension ClassifierArchitecture {
  /// The network that the architecture describes.
  public var graph: Graph {
    ResNet(depth: trunk, stem: stem, batchNormEpsilon: batchNormEpsilon).classifier(
      classes: classes)
  }
}

extension FasterRCNNArchitecture {
  /// The network that the architecture describes.
  public var network: FasterRCNNNetwork {
    FasterRCNNNetwork(
      trunk: ResNet(depth: trunk, batchNormEpsilon: batchNormEpsilon),
      pyramidChannels: fpnChannels, boxHeadWidth: boxHeadWidth, classes: outputClasses,
      anchorsPerPosition: anchorsPerLocation, regionSide: boxPoolSize)
  }
}

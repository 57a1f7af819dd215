/// The ResNet below a classifier or a detector.
public enum ResNetTrunk: String, Sendable, Hashable, CaseIterable {
  /// Basic blocks 2, 2, 2, 2.
  case resnet18
  /// Basic blocks 3, 4, 6, 3.
  case resnet34
  /// Bottleneck blocks 3, 4, 6, 3, the stride in the 3×3 convolution.
  case resnet50

  /// Blocks per layer, `layer1` to `layer4`.
  public var blocks: [Int] {
    switch self {
    case .resnet18: [2, 2, 2, 2]
    case .resnet34, .resnet50: [3, 4, 6, 3]
    }
  }

  /// Whether its blocks are bottlenecks (1×1, 3×3, 1×1) rather than two 3×3 convolutions.
  public var isBottleneck: Bool { self == .resnet50 }
  /// A block's output channels over its inner ones.
  public var expansion: Int { isBottleneck ? 4 : 1 }
  /// Output channels of `layer1` to `layer4`.
  public var layerChannels: [Int] { [64, 128, 256, 512].map { $0 * expansion } }
}

/// What is in front of `layer1`.
public enum ResNetStem: String, Sendable, Hashable, CaseIterable {
  /// A 7×7 convolution of stride 2, then a 3×3 max pool of stride 2.
  case imagenet
  /// A 3×3 convolution of stride 1, no pool.
  case cifar
}

/// A ResNet classifier, or its backbone alone.
public struct ClassifierArchitecture: Sendable, Equatable {
  /// The trunk.
  public var trunk: ResNetTrunk
  /// The stem.
  public var stem: ResNetStem
  /// Outputs of `fc`; nil where there is no head.
  public var classes: Int?
  /// Added to the running variance; torchvision's default is 1e-5.
  public var batchNormEpsilon: Float

  /// A classifier's architecture.
  public init(
    trunk: ResNetTrunk, stem: ResNetStem, classes: Int?, batchNormEpsilon: Float = 1e-5
  ) {
    self.trunk = trunk
    self.stem = stem
    self.classes = classes
    self.batchNormEpsilon = batchNormEpsilon
  }
}

/// torchvision's `FasterRCNN` over a ResNet FPN with five levels (P2 to P5 and their pool).
public struct FasterRCNNArchitecture: Sendable, Equatable {
  /// The trunk, with the ImageNet stem.
  public var trunk: ResNetTrunk
  /// Channels of every FPN level.
  public var fpnChannels: Int
  /// Outputs of `fc6` and `fc7`.
  public var boxHeadWidth: Int
  /// The side of RoIAlign's output.
  public var boxPoolSize: Int
  /// RoIAlign's samples per bin and axis.
  public var boxPoolSamplingRatio: Int
  /// Anchor sizes in pixels per level, as many on each.
  public var anchorSizes: [[Float]]
  /// Classes without the background; the predictors have one output more.
  public var classes: Int
  /// Height over width, the same on every level.
  public var aspectRatios: [Float]
  /// Added to the running variance; torchvision's default is 1e-5, and 0 for its COCO_V1 weights.
  public var batchNormEpsilon: Float

  /// The number of FPN levels.
  public static let levels = 5
  /// Anchor sizes that torchvision uses unless told.
  public static let defaultAnchorSizes: [[Float]] = [[32], [64], [128], [256], [512]]
  /// Aspect ratios that torchvision uses unless told.
  public static let defaultAspectRatios: [Float] = [0.5, 1, 2]

  /// A detector's architecture.
  public init(
    trunk: ResNetTrunk, classes: Int, fpnChannels: Int = 256, boxHeadWidth: Int = 1024,
    boxPoolSize: Int = 7,
    boxPoolSamplingRatio: Int = 2, anchorSizes: [[Float]] = Self.defaultAnchorSizes,
    aspectRatios: [Float] = Self.defaultAspectRatios, batchNormEpsilon: Float = 1e-5
  ) {
    self.trunk = trunk
    self.classes = classes
    self.fpnChannels = fpnChannels
    self.boxHeadWidth = boxHeadWidth
    self.boxPoolSize = boxPoolSize
    self.boxPoolSamplingRatio = boxPoolSamplingRatio
    self.anchorSizes = anchorSizes
    self.aspectRatios = aspectRatios
    self.batchNormEpsilon = batchNormEpsilon
  }

  /// Classes with the background, which is class 0.
  public var outputClasses: Int { classes + 1 }

  /// Anchors at each place of a feature map.
  public var anchorsPerLocation: Int { (anchorSizes.first?.count ?? 0) * aspectRatios.count }
}

/// What a model's network is.
public enum ModelArchitecture: Sendable, Equatable {
  /// A ResNet classifier or backbone.
  case classifier(ClassifierArchitecture)
  /// A Faster R-CNN detector.
  case fasterRCNN(FasterRCNNArchitecture)

  /// The trunk of either.
  public var trunk: ResNetTrunk {
    switch self {
    case .classifier(let classifier): classifier.trunk
    case .fasterRCNN(let detector): detector.trunk
    }
  }
}

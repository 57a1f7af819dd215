import Networks

/// A ResNet classifier, or its backbone alone.
public struct ClassifierArchitecture: Sendable, Equatable {
  /// The trunk.
  public var trunk: ResNet.Depth
  /// The stem.
  public var stem: ResNet.Stem
  /// Outputs of `fc`; nil where there is no head.
  public var classes: Int?
  /// Added to the running variance; torchvision's default is 1e-5.
  public var batchNormEpsilon: Float

  /// A classifier's architecture.
  public init(
    trunk: ResNet.Depth, stem: ResNet.Stem, classes: Int?, batchNormEpsilon: Float = 1e-5
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
  public var trunk: ResNet.Depth
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
    trunk: ResNet.Depth, classes: Int, fpnChannels: Int = 256, boxHeadWidth: Int = 1024,
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
  public var trunk: ResNet.Depth {
    switch self {
    case .classifier(let classifier): classifier.trunk
    case .fasterRCNN(let detector): detector.trunk
    }
  }
}

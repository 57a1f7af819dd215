import Detection
import Laboratory
import Models
import Networks

/// What a detector's training asks for.
public struct DetectorTrainingOptions: Sendable, Equatable {
  /// The detector, with as many classes as `classes`.
  public var architecture: FasterRCNNArchitecture
  /// The classes without the background.
  public var classes: [String]
  /// The shorter side of the resized picture in use, in pixels; training takes `augmentation`'s.
  public var minSize: Int
  /// The longest the longer side gets at `minSize`; in proportion at other sizes.
  public var maxSize: Int
  /// How pictures are changed and sized.
  public var augmentation: DetectionAugmentation
  /// Parts of the trunk that stay as they are: 0 none, 1 the stem, 2 the first stage too, up to 5.
  /// The paper freezes the first two ("Do We Really Need Labels for Backdoor Defense?", Table 6).
  public var frozenStages: Int
  /// Anchors that the RPN's losses look at.
  public var anchorSampler: BalancedSampler
  /// Proposals that the box head's losses look at.
  public var regionSampler: BalancedSampler
  /// Anchors of a level that enter non-maximum suppression in training.
  public var proposalsBefore: Int
  /// Proposals that leave it.
  public var proposalsAfter: Int
  /// How long, how fast, from which seed.
  public var settings: TrainingSettings

  /// Options; samplers and numbers of proposals are torchvision's in proportion to the smaller
  /// picture: 256 anchors, 128 regions of 500 proposals.
  public init(
    architecture: FasterRCNNArchitecture, classes: [String], minSize: Int, maxSize: Int,
    augmentation: DetectionAugmentation, frozenStages: Int = 2,
    anchorSampler: BalancedSampler = .anchors, regionSampler: BalancedSampler = .fewProposals,
    proposalsBefore: Int = 1000, proposalsAfter: Int = 500,
    settings: TrainingSettings = .detector()
  ) {
    self.architecture = architecture
    self.classes = classes
    self.minSize = minSize
    self.maxSize = maxSize
    self.augmentation = augmentation
    self.frozenStages = frozenStages
    self.anchorSampler = anchorSampler
    self.regionSampler = regionSampler
    self.proposalsBefore = proposalsBefore
    self.proposalsAfter = proposalsAfter
    self.settings = settings
  }

  /// Makes sure that everything fits.
  /// - Throws: `DetectorTrainingError.parameter`, `LaboratoryError.value`.
  public func validate() throws {
    try DetectorTrainingError.require(
      architecture.classes == classes.count && !classes.isEmpty, "classes",
      "one or more and as many as the detector has", classes.count)
    try DetectorTrainingError.require(
      (0...5).contains(frozenStages), "frozenStages", "from 0 to 5", frozenStages)
    let sides = 1...DetectionOptions.maximumSide
    try DetectorTrainingError.require(
      sides.contains(minSize) && (minSize...sides.upperBound).contains(maxSize), "minSize, maxSize",
      "1 to \(sides.upperBound), the second no smaller", "\(minSize), \(maxSize)")
    try settings.validate()
  }

  /// Whether training changes a parameter. Batch normalisation is frozen throughout, as torchvision
  /// trains detectors: batches are too small for statistics.
  public func isTrained(_ name: String) -> Bool {
    guard name.hasPrefix("backbone.body.") else { return true }
    let rest = name.dropFirst("backbone.body.".count)
    let stem = ["conv1.", "bn1."]
    let frozen = (frozenStages > 0 ? stem : []) + (1..<max(frozenStages, 1)).map { "layer\($0)." }
    if frozen.contains(where: { rest.hasPrefix($0) }) { return false }
    return !rest.contains("bn") && !rest.contains("downsample.1")
  }

  /// What writes the trained detector: with the thresholds of the one that training began with.
  public func writer(_ origin: DetectorOrigin) -> DetectorWriter {
    var writer = DetectorWriter(
      architecture: architecture, classes: classes, minSize: minSize, maxSize: maxSize,
      normalisation: origin.normalisation)
    if case .model(let bundle) = origin, let thresholds = bundle.manifest.thresholds {
      writer.thresholds = thresholds
    }
    return writer
  }

  /// torchvision's options of inference for pictures of a shorter side, with training's proposals.
  func detection(shorterSide: Int, normalisation: Normalisation) -> DetectionOptions {
    var options = DetectionOptions()
    options.minSize = shorterSide
    options.maxSize = max(
      shorterSide, Int((Double(maxSize) * Double(shorterSide) / Double(minSize)).rounded()))
    options.mean = normalisation.mean
    options.std = normalisation.std
    options.rpnPreNMS = proposalsBefore
    options.rpnPostNMS = proposalsAfter
    options.samplingRatio = architecture.boxPoolSamplingRatio
    return options
  }
}

extension TrainingSettings {
  /// A detector's: weight decay 1e-4, a short warm-up, and a rate of 0.02 at batches of 4 to 16, beyond
  /// in proportion (0.02 at 16: Lin et al. 2017, section 5.1). Smaller batches get 0.006 a picture: a rate
  /// in proportion all the way down, 0.0025 at 2, wastes most of a training of minutes (docs/detection.md).
  public static func detector(epochs: Int = 12, batch: Int = 2) -> TrainingSettings {
    let size = Float(batch)
    return TrainingSettings(
      epochs: epochs, batch: batch, learningRate: max(0.02 * size / 16, min(0.02, 0.006 * size)),
      weightDecay: 1e-4, warmUp: 0.05)
  }
}

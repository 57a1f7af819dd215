import Engine
import Frames
import Models
import Networks

/// Faster R-CNN over a feature pyramid, equal to torchvision's in its results: picture in,
/// detections out. Plans are compiled for each size of picture when it is first seen.
public final class FasterRCNN: ObjectDetector {
  /// The classes without the background.
  public let classes: [String]
  /// Thresholds and sizes in use.
  public let options: DetectionOptions
  /// Backend, precision and threads in use.
  public let engine: Engine

  private let network: FasterRCNNNetwork
  private let anchors: AnchorGenerator
  private let parameters: ParameterSource
  private let packed = PackedParameters()
  private let boxHead: InferencePlan
  private let postprocessor: BoxPostprocessor
  /// Most recently used first.
  private var stages: [FeatureStage] = []

  /// Plans kept; a camera needs one, a folder of photographs some.
  private static let plansKept = 6

  /// A detector from its parts.
  /// - Parameters:
  ///   - classes: names without the background, one fewer than the network's classes.
  ///   - parameters: gives each parameter by torchvision's name.
  /// - Throws: `DetectionError`, `EngineError`, or what `parameters` throws.
  public init(
    network: FasterRCNNNetwork, anchors: AnchorGenerator, classes: [String],
    options: DetectionOptions, engine: Engine, parameters: @escaping ParameterSource
  ) throws {
    try options.validate()
    guard classes.count == network.classes - 1 else {
      throw DetectionError.count(
        of: "class names", expected: network.classes - 1, found: classes.count)
    }
    self.network = network
    self.anchors = anchors
    self.classes = classes
    self.options = options
    self.engine = engine
    self.parameters = parameters
    boxHead = try InferencePlan(
      network.boxHeadGraph(),
      input: ActivationShape(
        batch: options.rpnPostNMS, height: network.regionSide, width: network.regionSide,
        channels: network.pyramidChannels), engine: engine,
      parameters: parameters, packed: packed)
    postprocessor = try BoxPostprocessor(
      classes: network.classes, capacity: options.rpnPostNMS, options: options)
  }

  /// The detections of a picture and the time of each stage.
  public func detect(_ image: Image) throws -> DetectionResult {
    engine.prepareThread()
    let stage = try stage(for: PixelSize(width: image.width, height: image.height))
    var times = StageClock()
    try stage.preprocessor.run(image, into: stage.plan.input.bytes)
    times.lap("preprocess")
    try stage.plan.run()
    times.add(stage.plan.stageSeconds)
    let count = try stage.proposals.run(logits: stage.logits, deltas: stage.deltas)
    times.lap("proposals")
    try stage.roiAlign.run(
      features: stage.features, boxes: stage.proposals.boxes, into: boxHead.input.bytes)
    times.lap("roi_align")
    var found: [ClassifiedBox] = []
    if count > 0 {
      try boxHead.run()
      times.lap("box_head")
      found = try postprocessor.run(
        logits: UnsafeBufferPointer(try boxHead.output("class_logits").f32),
        deltas: UnsafeBufferPointer(try boxHead.output("box_deltas").f32),
        proposals: stage.proposals.boxes, resized: stage.preprocessor.resized,
        original: stage.preprocessor.source)
      times.lap("postprocess")
    }
    let detections = found.map {
      Detection(
        box: $0.box, classIndex: $0.classIndex, label: classes[$0.classIndex], score: $0.score)
    }
    return DetectionResult(detections: detections, stages: times.stages)
  }

  /// What runs for each step on a picture of the given size, for people.
  public func listing(width: Int, height: Int) throws -> [(stage: String, implementation: String)] {
    try stage(for: PixelSize(width: width, height: height)).plan.listing + boxHead.listing
  }

  func stage(for size: PixelSize) throws -> FeatureStage {
    if let index = stages.firstIndex(where: { $0.preprocessor.source == size }) {
      if index > 0 { stages.insert(stages.remove(at: index), at: 0) }
      return stages[0]
    }
    let stage = try FeatureStage(
      size: size, network: network, anchors: anchors, options: options, engine: engine,
      parameters: parameters, packed: packed)
    stages.insert(stage, at: 0)
    if stages.count > Self.plansKept { stages.removeLast() }
    return stage
  }
}

extension FasterRCNN {
  /// A detector from a model folder.
  /// - Throws: `DetectionError.option` where the model is no detector; otherwise as the other
  ///   initialiser, and as `ModelBundle.tensor(_:)`.
  public convenience init(bundle: ModelBundle, options engineOptions: EngineOptions) throws {
    let manifest = bundle.manifest
    guard case .fasterRCNN(let architecture) = manifest.architecture else {
      throw DetectionError.option(
        name: "model", expected: "a detector (architecture fasterrcnn)",
        found: "\(manifest.name), a classifier")
    }
    try self.init(
      network: architecture.network,
      anchors: try AnchorGenerator(
        sizes: architecture.anchorSizes,
        aspectRatios: architecture.anchorSizes.map { _ in architecture.aspectRatios }),
      classes: manifest.classes, options: try DetectionOptions(manifest, architecture),
      engine: try Engine(engineOptions), parameters: { try bundle.tensor($0) })
  }
}

extension DetectionOptions {
  /// The options that a model's manifest states.
  /// - Throws: `DetectionError.option` where the model wants squares, which detectors do not.
  init(_ manifest: ModelManifest, _ architecture: FasterRCNNArchitecture) throws {
    self.init()
    (minSize, maxSize) = try Self.sides(of: manifest)
    mean = manifest.normalisation.mean
    std = manifest.normalisation.std
    samplingRatio = architecture.boxPoolSamplingRatio
    guard let thresholds = manifest.thresholds else { return }
    rpnPreNMS = thresholds.rpnPreNMS
    rpnPostNMS = thresholds.rpnPostNMS
    rpnNMS = Double(thresholds.rpnNMS)
    rpnScoreThreshold = thresholds.rpnScore
    boxScoreThreshold = thresholds.score
    boxNMS = Double(thresholds.nms)
    detectionsPerImage = thresholds.detectionsPerImage
  }

  /// The size of a frame as a model's network gets it, for frames that are wider than high, as cameras'
  /// are.
  /// - Throws: `DetectionError.option` where the model is no detector.
  public static func canvas(of manifest: ModelManifest) throws -> PixelSize {
    let (minSize, maxSize) = try sides(of: manifest)
    return paddedSize(of: PixelSize(width: maxSize, height: minSize))
  }

  private static func sides(of manifest: ModelManifest) throws -> (minSize: Int, maxSize: Int) {
    guard case .shorterSide(let minSize, let maxSize) = manifest.input else {
      throw DetectionError.option(
        name: "input", expected: "minSize and maxSize for a detector", found: "a square")
    }
    return (minSize, maxSize)
  }
}

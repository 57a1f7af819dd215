import Detection
import Engine
import Frames
import Models
import Networks
import Tensors

/// A detector's four losses on a picture.
public struct DetectorLosses: Sendable, Hashable, Codable {
  /// The RPN's cross entropy of object and background.
  public var objectness: Float = 0
  /// The RPN's loss of boxes.
  public var proposals: Float = 0
  /// The box head's cross entropy of classes.
  public var classes: Float = 0
  /// The box head's loss of boxes.
  public var boxes: Float = 0

  /// Nothing lost.
  public init() {}

  /// What is trained on.
  public var total: Float { objectness + proposals + classes + boxes }

  /// Adds a share of other losses.
  public mutating func add(_ other: DetectorLosses, weight: Float) {
    objectness += weight * other.objectness
    proposals += weight * other.proposals
    classes += weight * other.classes
    boxes += weight * other.boxes
  }
}

/// Forward and backward passes of a detector in training, a picture at a time: the gradients of a
/// batch add up. Plans are compiled for each size of canvas when it is first seen. One thread uses it.
final class DetectorPass {
  private let options: DetectorTrainingOptions
  private let network: FasterRCNNNetwork
  private let anchors: AnchorGenerator
  private let engine: Engine
  private let store: ParameterStore
  private let normalisation: Normalisation
  private let boxHead: TrainingPlan
  private let logits, deltas, logitGradients, deltaGradients: FloatBuffer
  /// Most recently used first.
  private var canvases: [DetectorCanvas] = []

  /// Canvases kept, as long as their plans do not need more memory than that. Sizes are multiples of
  /// `canvasStep`, so that a camera's formats at three sizes need about eight.
  private static let canvasesKept = 10
  private static let greatestMemory = 3 << 30
  private static let canvasStep = 64

  init(
    _ options: DetectorTrainingOptions, store: ParameterStore, normalisation: Normalisation,
    engine: Engine
  ) throws {
    self.options = options
    self.store = store
    self.engine = engine
    self.normalisation = normalisation
    let architecture = options.architecture
    network = architecture.network
    anchors = try AnchorGenerator(
      sizes: architecture.anchorSizes,
      aspectRatios: architecture.anchorSizes.map { _ in architecture.aspectRatios })
    let regions = options.regionSampler.size
    boxHead = try TrainingPlan(
      network.boxHeadGraph(),
      input: ActivationShape(
        batch: regions, height: network.regionSide, width: network.regionSide,
        channels: network.pyramidChannels), engine: engine, store: store,
      wantsInputGradient: true)
    (logits, logitGradients) = (
      FloatBuffer(count: regions * network.classes), FloatBuffer(count: regions * network.classes)
    )
    (deltas, deltaGradients) = (
      FloatBuffer(count: regions * network.classes * 4),
      FloatBuffer(count: regions * network.classes * 4)
    )
  }

  /// Bytes that the plans hold so far.
  var memoryBytes: Int { canvases.reduce(boxHead.memoryBytes) { $0 + $1.plan.memoryBytes } }

  /// Takes the parameters over after they have changed.
  func load() throws {
    try boxHead.load()
    // Those beyond the picture at hand are loaded when they are used again.
    stale = Set(canvases.map { ObjectIdentifier($0) })
  }

  private var stale: Set<ObjectIdentifier> = []

  /// Learns from a picture: `weight ×` the gradients of its losses.
  /// - Parameter accumulates: whether they are added to those that are there.
  func learn(
    _ sample: DetectionAugmentation.Sample, random: SeededRandom, weight: Float, accumulates: Bool
  ) throws -> DetectorLosses {
    let detection = options.detection(
      shorterSide: sample.shorterSide, normalisation: normalisation)
    let source = PixelSize(width: sample.image.width, height: sample.image.height)
    let canvas = try canvas(for: try detection.resizedSize(of: source))
    let preprocessor = try Preprocessor(
      source: source, options: detection, layout: .nhwc(channels: 3), element: engine.precision,
      workers: engine.threads, padded: canvas.size)
    let resized = preprocessor.resized
    let truths = try TrainingTruth.scaled(
      sample.truths, classes: options.classes, from: source, to: resized)
    try preprocessor.run(sample.image, into: canvas.plan.input.bytes)
    try canvas.forward()

    var losses = DetectorLosses()
    var anchorRandom = random.stream(0)
    let rpn = try RPNLoss().evaluate(
      logits: canvas.logits.map(\.readable), deltas: canvas.deltas.map(\.readable),
      targets: RPNTargets(
        anchors: canvas.columns, truths: truths, sampler: options.anchorSampler,
        random: &anchorRandom), weight: weight, gradients: canvas.gradients)
    (losses.objectness, losses.proposals) = (rpn.classification, rpn.regression)
    // Proposals of a network that has diverged are not worth looking for.
    guard rpn.total.isFinite else { return losses }

    let regions = try regions(
      canvas, resized: resized, truths: truths, options: detection, random: random.stream(1))
    let head = try learnHead(canvas, regions, weight, accumulates: accumulates)
    (losses.classes, losses.boxes) = (head.classification, head.regression)
    try canvas.backward(accumulates: accumulates)
    return losses
  }

  private func regions(
    _ canvas: DetectorCanvas, resized: PixelSize, truths: [TrainingTruth],
    options detection: DetectionOptions, random: SeededRandom
  ) throws -> RegionTargets {
    let proposals = try RegionProposals(
      grids: canvas.grids, anchors: anchors, image: resized, padded: canvas.size,
      options: detection)
    try proposals.run(
      logits: canvas.logits.map(\.readable), deltas: canvas.deltas.map(\.readable))
    var random = random
    // The boxes lie in the proposals' memory.
    return try withExtendedLifetime(proposals) {
      try RegionTargets(
        proposals: proposals.boxes, truths: truths, sampler: options.regionSampler,
        random: &random)
    }
  }

  /// The box head's half: pooled regions forward, and back to the gradients of the maps.
  private func learnHead(
    _ canvas: DetectorCanvas, _ regions: RegionTargets, _ weight: Float, accumulates: Bool
  ) throws -> DetectorLoss {
    let align = try RoIAlign(
      levels: canvas.grids.prefix(4).map { RoIAlign.Level(grid: $0, image: canvas.size) },
      channels: network.pyramidChannels, capacity: options.regionSampler.size,
      bins: network.regionSide, samplingRatio: options.architecture.boxPoolSamplingRatio,
      input: engine.precision, output: engine.precision)
    try regions.boxes.withUnsafeBufferPointer {
      try align.run(features: try canvas.maps(), boxes: $0, into: boxHead.input.bytes)
    }
    try boxHead.forward(.stored)
    try boxHead.output("class_logits").read(into: logits.values)
    try boxHead.output("box_deltas").read(into: deltas.values)
    let loss = try BoxHeadLoss(classes: network.classes).evaluate(
      logits: logits.readable, deltas: deltas.readable, targets: regions, weight: weight,
      gradients: BoxHeadLoss.Gradients(
        logits: logitGradients.values, deltas: deltaGradients.values))
    try boxHead.outputGradient("class_logits").write(logitGradients.readable)
    try boxHead.outputGradient("box_deltas").write(deltaGradients.readable)
    try boxHead.backward(accumulates: accumulates)
    if let gradient = boxHead.inputGradient {
      try regions.boxes.withUnsafeBufferPointer {
        try align.backward(
          UnsafeRawBufferPointer(gradient.bytes), boxes: $0,
          into: canvas.mapGradients.map(\.values))
      }
    }
    return loss
  }

  private func canvas(for resized: PixelSize) throws -> DetectorCanvas {
    func padded(_ side: Int) -> Int {
      (side + Self.canvasStep - 1) / Self.canvasStep * Self.canvasStep
    }
    let size = PixelSize(width: padded(resized.width), height: padded(resized.height))
    if let index = canvases.firstIndex(where: { $0.size == size }) {
      let canvas = canvases.remove(at: index)
      canvases.insert(canvas, at: 0)
      if stale.remove(ObjectIdentifier(canvas)) != nil { try canvas.plan.load() }
      return canvas
    }
    let canvas = try DetectorCanvas(
      size, network: network, anchors: anchors, engine: engine, store: store,
      isTrained: options.isTrained)
    canvases.insert(canvas, at: 0)
    while canvases.count > 1,
      canvases.count > Self.canvasesKept || memoryBytes > Self.greatestMemory
    {
      stale.remove(ObjectIdentifier(canvases.removeLast()))
    }
    return canvas
  }
}

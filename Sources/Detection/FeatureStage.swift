import Engine
import Frames
import Networks

/// A detector's first half for one size of picture: from pixels to proposals and pooled regions,
/// with all its memory.
final class FeatureStage {
  let preprocessor: Preprocessor
  let plan: InferencePlan
  let proposals: RegionProposals
  let roiAlign: RoIAlign
  /// The RPN's outputs by level.
  let logits, deltas: [UnsafeBufferPointer<Float>]
  /// The levels that regions are pooled from.
  let features: [UnsafeRawBufferPointer]
  /// The same, to look at.
  let maps: [FeatureMap]

  init(
    size: PixelSize, network: FasterRCNNNetwork, anchors: AnchorGenerator,
    options: DetectionOptions, engine: Engine, parameters: @escaping ParameterSource,
    packed: PackedParameters = PackedParameters()
  ) throws {
    preprocessor = try Preprocessor(
      source: size, options: options, layout: .nhwc(channels: 3), element: engine.precision,
      workers: engine.threads)
    let padded = preprocessor.padded
    let resized = preprocessor.resized
    let plan = try InferencePlan(
      network.featureGraph(),
      input: ActivationShape(batch: 1, height: padded.height, width: padded.width, channels: 3),
      engine: engine, parameters: parameters, packed: packed)
    self.plan = plan

    let levels = 0..<FasterRCNNNetwork.levels
    let logits = try levels.map { try plan.output("rpn.logits.\($0)") }
    let pooled = try (0..<4).map { try plan.output("fpn.\($0)") }
    self.logits = try logits.map { UnsafeBufferPointer(try $0.f32) }
    deltas = try levels.map { UnsafeBufferPointer(try plan.output("rpn.deltas.\($0)").f32) }
    features = pooled.map { UnsafeRawBufferPointer($0.bytes) }
    maps = pooled.map { FeatureMap($0, resized: resized, padded: padded) }
    proposals = try RegionProposals(
      grids: logits.map(\.grid), anchors: anchors, image: resized, padded: padded, options: options)
    roiAlign = try RoIAlign(
      levels: pooled.map { RoIAlign.Level(grid: $0.grid, image: resized) },
      channels: network.pyramidChannels, capacity: options.rpnPostNMS,
      bins: network.regionSide, samplingRatio: options.samplingRatio,
      input: engine.precision, output: engine.precision)
  }
}

extension Activation {
  /// Height and width.
  fileprivate var grid: PixelSize { PixelSize(width: shape.width, height: shape.height) }
}

/// Adds up the durations of stages that follow one another.
struct StageClock {
  private(set) var stages: [StageTime] = []
  private var last = ContinuousClock.now

  /// The time since the last lap belongs to `stage`.
  mutating func lap(_ stage: String) {
    let now = ContinuousClock.now
    stages.append(StageTime(stage: stage, seconds: (now - last).seconds))
    last = now
  }

  /// The time since the last lap was measured by stages of its own.
  mutating func add(_ measured: [(stage: String, seconds: Double)]) {
    stages += measured.map { StageTime(stage: $0.stage, seconds: $0.seconds) }
    last = .now
  }
}

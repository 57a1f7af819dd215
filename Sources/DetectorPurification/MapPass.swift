import Backbones
import Engine
import Networks
import Tensors

/// Forward and backward passes of a detector's trunk and pyramid on batches of frames. One thread uses
/// it.
package final class MapPass {
  package let channels: Int
  /// How far each frame's maps were from their anchors when that was last learnt from.
  package private(set) var distances: [Float] = []
  /// The maps of the last forward pass, and where their gradients go, by level.
  package let maps, gradients: [FloatBuffer]
  private let plan: TrainingPlan
  private let frames: Int
  private let normalisation: PixelNormalisation
  private let values: FloatBuffer
  /// Results that nothing is asked of: the gradient of the smallest level is 0.
  private let unused: [(name: String, zeros: FloatBuffer)]

  package init(
    _ network: FasterRCNNNetwork, shape: ActivationShape, engine: Engine, store: ParameterStore,
    normalisation: PixelNormalisation, wantsPixels: Bool, sharingMemoryOf other: MapPass? = nil,
    isTrained: @escaping (String) -> Bool
  ) throws {
    let plan = try TrainingPlan(
      network.pyramidGraph(), input: shape, engine: engine, store: store,
      wantsInputGradient: wantsPixels, sharingMemoryOf: other?.plan, isTrained: isTrained)
    self.plan = plan
    self.normalisation = normalisation
    channels = network.pyramidChannels
    frames = shape.batch
    values = FloatBuffer(count: shape.count)
    let counts = try FeatureMapObjective.levels.map { try plan.output($0).shape.count }
    unused = try plan.outputNames.filter { !FeatureMapObjective.levels.contains($0) }.map {
      ($0, FloatBuffer(count: try plan.output($0).shape.count))
    }
    maps = counts.map { FloatBuffer(count: $0) }
    gradients = counts.map { FloatBuffer(count: $0) }
  }

  package var memoryBytes: Int { plan.memoryBytes }

  package func load() throws { try plan.load() }

  /// The maps of pixels in `0…1`.
  package func forward(_ pixels: FloatBuffer) throws {
    normalisation.apply(pixels.readable, into: values.values)
    plan.input.write(values.readable)
    try plan.forward(.stored)
    for (level, name) in FeatureMapObjective.levels.enumerated() {
      try plan.output(name).read(into: maps[level].values)
    }
  }

  /// The backward pass from what `gradients` holds.
  package func backward(accumulates: Bool = false) throws {
    for (level, name) in FeatureMapObjective.levels.enumerated() {
      try plan.outputGradient(name).write(gradients[level].readable)
    }
    for (name, zeros) in unused { try plan.outputGradient(name).write(zeros.readable) }
    try plan.backward(accumulates: accumulates)
  }

  /// Copies the maps of the last forward pass.
  package func copyMaps(into anchors: [FloatBuffer]) {
    for (anchor, map) in zip(anchors, maps) { _ = anchor.values.update(from: map.values) }
  }

  /// Both passes for the distance of the pixels' maps to anchors.
  /// - Returns: the distance; its gradient, `weight` times, is in the parameters' gradients.
  package func learn(
    from pixels: FloatBuffer, anchors: [FloatBuffer], objective: FeatureMapObjective,
    weight: Float, accumulates: Bool = false
  ) throws -> Float {
    try forward(pixels)
    distances = objective.evaluate(
      maps, anchors: anchors, frames: frames, channels: channels, gradients: gradients,
      weight: weight)
    try backward(accumulates: accumulates)
    return distances.reduce(0, +) / Float(frames)
  }

  /// Whether a parameter is the trunk's: the pyramid and the head stay as they are.
  package static func isOfTrunk(_ name: String) -> Bool { name.hasPrefix("backbone.body.") }

  /// The gradient of the pixels of the last backward pass.
  package func pixelGradients(into target: FloatBuffer) {
    plan.inputGradient?.read(into: target.values)
    normalisation.applyGradient(target.values)
  }
}

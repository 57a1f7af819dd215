import Detection
import Engine
import Frames
import Networks
import Tensors

/// A detector's first half with its gradients, compiled for one size of padded picture.
final class DetectorCanvas {
  let size: PixelSize
  let plan: TrainingPlan
  let anchors: [LevelAnchors]
  let columns: BoxColumns
  /// Sizes of the levels' maps, finest first.
  let grids: [PixelSize]
  /// What the RPN said and the gradients of it, in f32, by level.
  let logits, deltas, logitGradients, deltaGradients: [FloatBuffer]
  /// Gradients of the levels that regions are pooled from.
  let mapGradients: [FloatBuffer]

  init(
    _ size: PixelSize, network: FasterRCNNNetwork, anchors: AnchorGenerator, engine: Engine,
    store: ParameterStore, isTrained: @escaping (String) -> Bool
  ) throws {
    self.size = size
    let plan = try TrainingPlan(
      network.featureGraph(),
      input: ActivationShape(batch: 1, height: size.height, width: size.width, channels: 3),
      engine: engine, store: store, isTrained: isTrained)
    self.plan = plan
    let shapes = try (0..<FasterRCNNNetwork.levels).map {
      try plan.output("rpn.logits.\($0)").shape
    }
    grids = shapes.map { PixelSize(width: $0.width, height: $0.height) }
    let levels = try grids.enumerated().map {
      try anchors.anchors(level: $0.offset, grid: $0.element, image: size)
    }
    self.anchors = levels
    columns = BoxColumns(levels)
    func buffers(_ factor: Int) -> [FloatBuffer] {
      levels.map { FloatBuffer(count: factor * $0.count) }
    }
    (logits, logitGradients) = (buffers(1), buffers(1))
    (deltas, deltaGradients) = (buffers(4), buffers(4))
    mapGradients = try (0..<4).map { FloatBuffer(count: try plan.output("fpn.\($0)").shape.count) }
  }

  /// Runs the network on what its input holds.
  func forward() throws {
    try plan.forward(.stored)
    for level in logits.indices {
      try plan.output("rpn.logits.\(level)").read(into: logits[level].values)
      try plan.output("rpn.deltas.\(level)").read(into: deltas[level].values)
    }
    for map in mapGradients { map.values.update(repeating: 0) }
  }

  /// The maps that regions are pooled from.
  func maps() throws -> [UnsafeRawBufferPointer] {
    try (0..<4).map { UnsafeRawBufferPointer(try plan.output("fpn.\($0)").bytes) }
  }

  /// Where the RPN's loss writes.
  var gradients: RPNLoss.Gradients {
    RPNLoss.Gradients(
      logits: logitGradients.map(\.values), deltas: deltaGradients.map(\.values))
  }

  /// The backward pass from the gradients that the buffers hold.
  func backward(accumulates: Bool) throws {
    for level in logits.indices {
      try plan.outputGradient("rpn.logits.\(level)").write(logitGradients[level].readable)
      try plan.outputGradient("rpn.deltas.\(level)").write(deltaGradients[level].readable)
    }
    for (level, map) in mapGradients.enumerated() {
      try plan.outputGradient("fpn.\(level)").write(map.readable)
    }
    try plan.backward(accumulates: accumulates)
  }
}

import Backbones
import Engine
import Networks
import Tensors

/// Forward and backward passes of the network that is purified. Where nothing couples the pictures
/// of a batch (stored statistics, anchored objective), a batch goes through in parts, which keeps the
/// memory small. One thread uses it.
final class StudentPass {
  let dimension: Int
  /// The gradient of the pixels of the last `learn`, where the adversary needs it.
  let pixelGradients: FloatBuffer?
  private let plan: TrainingPlan
  private let normalisation: PixelNormalisation
  private let statistics: PurificationOptions.Statistics
  private let part: Int
  private let shape: ActivationShape
  private let values: FloatBuffer
  private let gradients: FloatBuffer

  /// The greatest part: a quarter of the usual batch, at which convolutions are still at full speed.
  private static let greatestPart = 32

  init(
    _ graph: Graph, shape: ActivationShape, engine: Engine, store: ParameterStore,
    normalisation: PixelNormalisation, options: PurificationOptions
  ) throws {
    let isCoupled = options.objective == .contrastive || options.statistics == .batch
    // The greatest divisor, so that every part is whole.
    part =
      isCoupled
      ? shape.batch
      : (1...min(Self.greatestPart, shape.batch)).last { shape.batch % $0 == 0 } ?? 1
    var partShape = shape
    partShape.batch = part
    let wantsPixels = options.adversary == .shared && options.target == .student
    // A batch in parts is to take little memory.
    plan = try TrainingPlan(
      graph, input: partShape, engine: engine, store: store, wantsInputGradient: wantsPixels,
      allowsWinograd: isCoupled)
    dimension = try plan.output("embedding").shape.features
    statistics = options.statistics
    self.normalisation = normalisation
    self.shape = shape
    values = FloatBuffer(count: partShape.count)
    gradients = FloatBuffer(count: shape.batch * dimension)
    pixelGradients = wantsPixels ? FloatBuffer(count: shape.count) : nil
  }

  var memoryBytes: Int { plan.memoryBytes }

  func load() throws { try plan.load() }

  /// Runs the convolutions of a forward and a backward pass and nothing else.
  func runConvolutionsAlone() throws {
    for _ in stride(from: 0, to: shape.batch, by: part) { try plan.runConvolutionsAlone() }
  }

  /// A forward pass and the backward pass of `weight ×` the loss against anchors.
  /// - Parameters:
  ///   - pixels: in `0…1`.
  ///   - embeddings: where the embeddings go.
  ///   - accumulates: whether the parameters' gradients are added to those that are there.
  ///   - adding: adds more to the embeddings' gradient before the backward pass; only where a batch
  ///     goes through whole.
  func learn(
    from pixels: FloatBuffer, anchors: FloatBuffer, weight: Float, embeddings: FloatBuffer,
    objective: EmbeddingObjective, accumulates: Bool, updatesStored: Bool = true,
    adding: (FloatBuffer) throws -> Void = { _ in }
  ) throws -> Float {
    var loss: Float = 0
    let share = Float(part) / Float(shape.batch)
    for start in stride(from: 0, to: shape.batch, by: part) {
      let rows = start..<(start + part)
      try forward(pixels, rows, into: embeddings, updatesStored: updatesStored)
      let gradient = gradients.rows(rows, width: dimension)
      loss +=
        share
        * (try objective.pull(
          anchors: UnsafeBufferPointer(anchors.rows(rows, width: dimension)),
          UnsafeBufferPointer(embeddings.rows(rows, width: dimension)), gradient: gradient,
          weight: weight * share))
      try adding(gradients)
      try backward(UnsafeBufferPointer(gradient), accumulates: accumulates || start > 0)
      if let pixelGradients {
        let target = pixelGradients.rows(rows, width: shape.features)
        plan.inputGradient?.read(into: target)
        normalisation.applyGradient(target)
      }
    }
    return loss
  }

  /// A forward pass.
  func embed(_ pixels: FloatBuffer, into embeddings: FloatBuffer, updatesStored: Bool) throws {
    for start in stride(from: 0, to: shape.batch, by: part) {
      try forward(pixels, start..<(start + part), into: embeddings, updatesStored: updatesStored)
    }
  }

  /// The backward pass of the last forward pass of a whole batch.
  func backward(_ embeddingGradients: FloatBuffer, accumulates: Bool) throws {
    try backward(embeddingGradients.readable, accumulates: accumulates)
  }

  private func backward(_ gradients: UnsafeBufferPointer<Float>, accumulates: Bool) throws {
    try plan.outputGradient("embedding").write(gradients)
    try plan.backward(accumulates: accumulates)
  }

  private func forward(
    _ pixels: FloatBuffer, _ rows: Range<Int>, into embeddings: FloatBuffer, updatesStored: Bool
  ) throws {
    normalisation.apply(
      UnsafeBufferPointer(pixels.rows(rows, width: shape.features)), into: values.values)
    plan.input.write(values.readable)
    try plan.forward(statistics == .stored ? .stored : .batch(updatesStored: updatesStored))
    try plan.output("embedding").read(into: embeddings.rows(rows, width: dimension))
  }
}

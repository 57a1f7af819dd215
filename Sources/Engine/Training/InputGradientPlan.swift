import CKernels
import Networks

/// A graph compiled for the gradient of its input alone, as PGD wants it: batch normalisation on
/// stored statistics is folded into the convolutions, no gradient of a parameter is computed, and of
/// the forward pass only one bit for each rectified value is kept.
///
/// Pictures do not meet within the network, so a batch goes through it in pieces that fit the cache,
/// all of them forward first: the loss looks at the whole batch. One thread uses it.
public final class InputGradientPlan {
  /// The batch's shape.
  public let shape: ActivationShape
  /// Pictures of a piece.
  public let piece: Int
  /// Length of an embedding.
  public let dimension: Int
  private let plan: DifferentiablePlan
  private let slots: Int
  private let outputName: String

  /// Compiles a graph.
  /// - Parameters:
  ///   - shape: the batch's shape.
  ///   - outputName: the result whose gradient is given, f32.
  ///   - piece: pictures at once; nil for what suits this processor's cache.
  /// - Throws: `EngineError` where a shape does not fit, an operation has no gradient here, the
  ///   result is none of the graph's or memory is short.
  public init(
    _ graph: Graph, input shape: ActivationShape, engine: Engine, store: ParameterStore,
    output outputName: String = "embedding", piece: Int? = nil
  ) throws {
    self.shape = shape
    self.outputName = outputName
    // The first stage's 64 channels are the widest activation; two of them are alive at a time.
    let widest = shape.height * shape.width * 64 * engine.precision.bytes
    let fitting = max(
      Self.smallestPiece,
      (engine.usesWinograd ? Self.winogradBytes : Self.cacheBytes) / max(widest, 1))
    let greatest = min(shape.batch, max(1, piece ?? fitting))
    // As few pieces, of one size that leaves as little of the last one empty as can be.
    slots = (shape.batch + greatest - 1) / greatest
    self.piece = (shape.batch + slots - 1) / slots
    var pieceShape = shape
    pieceShape.batch = self.piece
    plan = try DifferentiablePlan(
      graph, input: pieceShape, engine: engine, store: store,
      options: DifferentiableOptions(
        foldsNormalization: true, wantsInputGradient: true, allowsWinograd: true,
        isTrained: { _ in false }),
      slots: slots)
    dimension = try plan.output(outputName).shape.features
    _ = try plan.output(outputName).f32
  }

  private static let cacheBytes = 2 << 20
  /// Winograd's kernels divide a piece themselves, and read their weights once for each.
  private static let winogradBytes = 8 << 20
  private static let smallestPiece = 4

  /// Bytes of activations, gradients, masks and scratch.
  public var memoryBytes: Int { plan.memoryBytes }

  /// Takes over the parameters after they have changed.
  public func load() throws { try plan.load() }

  /// The embeddings of a batch, with what their gradient needs kept.
  /// - Parameters:
  ///   - pictures: `shape.count` normalised values.
  ///   - embeddings: `[shape.batch, dimension]`.
  /// - Throws: `EngineError.shape` where a count differs.
  public func forward(
    _ pictures: UnsafeBufferPointer<Float>, into embeddings: UnsafeMutableBufferPointer<Float>
  ) throws {
    try check(pictures.count, shape.count, "pictures")
    try check(embeddings.count, shape.batch * dimension, "embeddings")
    try forEachSlot { slot, rows in
      let part = pictures[(rows.lowerBound * shape.features)..<(rows.upperBound * shape.features)]
      plan.input.write(UnsafeBufferPointer(rebasing: part))
      try plan.forward(slot: slot)
      let found = try plan.output(outputName).f32[..<(rows.count * dimension)]
      _ = UnsafeMutableBufferPointer(
        rebasing: embeddings[(rows.lowerBound * dimension)..<(rows.upperBound * dimension)]
      ).update(from: found)
    }
  }

  /// The gradient of the pictures of the last forward pass.
  /// - Parameters:
  ///   - embeddingGradients: `[shape.batch, dimension]`.
  ///   - gradients: `shape.count` values.
  /// - Throws: `EngineError.shape` where a count differs.
  public func backward(
    _ embeddingGradients: UnsafeBufferPointer<Float>,
    into gradients: UnsafeMutableBufferPointer<Float>
  ) throws {
    try check(embeddingGradients.count, shape.batch * dimension, "gradients of embeddings")
    try check(gradients.count, shape.count, "gradients of pictures")
    guard let found = plan.inputGradient else { return }
    try forEachSlot { slot, rows in
      let given = try plan.outputGradient(outputName).f32
      given.update(repeating: 0)
      _ = given.update(
        from: embeddingGradients[(rows.lowerBound * dimension)..<(rows.upperBound * dimension)])
      try plan.backward(slot: slot)
      found.read(
        into: UnsafeMutableBufferPointer(
          rebasing: gradients[
            (rows.lowerBound * shape.features)..<(rows.upperBound * shape.features)]))
    }
  }

  /// Runs the plan's convolutions over the whole batch and nothing else, for measurements.
  public func runConvolutionsAlone() throws {
    for slot in 0..<slots {
      try plan.runConvolutionsAlone(forward: true, backward: true, slot: slot)
    }
  }

  private func forEachSlot(_ body: (_ slot: Int, _ rows: Range<Int>) throws -> Void) throws {
    for slot in 0..<slots {
      try body(slot, (slot * piece)..<min((slot + 1) * piece, shape.batch))
    }
  }

  private func check(_ found: Int, _ expected: Int, _ what: String) throws {
    guard found == expected else {
      throw EngineError.shape(
        operation: "gradient of the input", expected: "\(expected) values of \(what)",
        found: "\(found)")
    }
  }
}

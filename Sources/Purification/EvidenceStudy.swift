import Attacks
import Backbones
import Engine
import Evidence
import Frames
import Models
import Tensors

/// What can be said of a backbone without labels and without the attacker's trigger: how far its
/// embeddings move, and how tightly what was moved clusters, under contrastive PGD and under a bank of
/// random patches, blends, sinusoids and warps.
public struct EvidenceStudy {
  /// Evidence and the embeddings it rests on.
  public struct Result: Sendable {
    /// The numbers.
    public let evidence: Evidence
    /// Of the clean pictures, `[N, D]`.
    public let clean: Tensor
    /// Of the same pictures as contrastive PGD changed them.
    public let adversarial: Tensor
    /// Of the same pictures with a trigger, where one was given.
    public let triggered: Tensor?
  }

  private let file: BackboneFile
  private let engine: Engine
  private let pictures: [FloatImage]
  private let trigger: (any Trigger)?
  private let seed: UInt64

  /// Triggers of each family in the bank.
  private static let triggersPerFamily = 4
  private static let pgdSteps = 10

  /// A study on pictures of the backbone's side.
  /// - Parameter trigger: a trigger to look at too, where one is known.
  public init(
    _ file: BackboneFile, engine: Engine, pictures: [FloatImage], trigger: (any Trigger)? = nil,
    seed: UInt64 = 1
  ) {
    self.file = file
    self.engine = engine
    self.pictures = pictures
    self.trigger = trigger
    self.seed = seed
  }

  /// Gathers the evidence.
  /// - Parameter parameters: the parameters, where they are not the file's.
  /// - Throws: `EngineError`, `EvidenceError`, `TriggerError`.
  public func run(parameters: ParameterSource? = nil) throws -> Result {
    let embedder = try Embedder(file, engine: engine, parameters: parameters)
    let clean = try embedder.embed(pictures).embeddings
    let adversarial = try embedder.embed(perturbed(parameters)).embeddings
    var probes: [EvidenceProbe] = []
    let bank = try TriggerBank(
      seed: seed, count: Self.triggersPerFamily * TriggerBank.Family.allCases.count,
      size: file.side)
    for (index, trigger) in bank.triggers.enumerated() {
      probes.append(
        EvidenceProbe(
          name: trigger.summary, family: bank.families[index].rawValue,
          transform: { try trigger.apply(to: $0) }))
    }
    let evidence = try EvidenceCollector(seed: seed).collect(
      pictures: pictures, probes: probes,
      contrastive: ContrastiveEmbeddings(clean: clean, adversarial: adversarial)
    ) { try embedder.embed($0).embeddings }
    let triggered = try trigger.map { trigger in
      try embedder.embed(pictures.map { try trigger.apply(to: $0) }).embeddings
    }
    return Result(
      evidence: evidence, clean: clean, adversarial: adversarial, triggered: triggered)
  }

  /// The pictures as the paper's adversary changes them (L∞, ε 8/255).
  private func perturbed(_ parameters: ParameterSource?) throws -> [FloatImage] {
    var options = PurificationOptions.paperCIFAR10
    options.pgdSteps = Self.pgdSteps
    options.stepSize = 0.25
    let store = try ParameterStore(
      file.trunk.parameters, source: parameters ?? { try file.parameter($0) })
    let shape = ActivationShape(
      batch: pictures.count, height: file.side, width: file.side, channels: 3)
    let source = try PixelGradient(
      file.trunk, shape: shape, engine: engine, store: store,
      normalisation: PixelNormalisation(file.normalisation), statistics: .stored)
    let clean = FloatBuffer(count: shape.count)
    for (row, picture) in pictures.enumerated() {
      _ = clean.rows(row..<(row + 1), width: shape.features).update(from: picture.pixels)
    }
    let anchors = FloatBuffer(count: shape.batch * source.dimension)
    let adversarial = FloatBuffer(count: shape.count)
    try source.forward(clean, into: anchors)
    let objective = try EmbeddingObjective(options, dimension: source.dimension, spread: 1)
    var random = SeededRandom(seed, 5)
    _ = try InstanceAdversary(source, objective: objective, options: options).perturb(
      anchors: anchors.readable, clean: clean, into: adversarial, random: &random)
    return try pictures.indices.map { row in
      try FloatImage(
        width: file.side, height: file.side,
        pixels: Array(adversarial.rows(row..<(row + 1), width: shape.features)))
    }
  }
}

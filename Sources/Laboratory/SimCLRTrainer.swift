import Augmentation
import Backbones
import Engine
import Losses
import Models
import Networks
import Tensors

/// What SimCLR asks for.
public struct SimCLROptions: Sendable, Hashable {
  /// The trunk.
  public var network: ResNet
  /// τ of the loss, above 0.
  public var temperature: Float
  /// How long, how fast, from which seed.
  public var settings: TrainingSettings

  /// Options.
  public init(
    network: ResNet = ResNet(depth: .resnet18, stem: .cifar), temperature: Float = 0.5,
    settings: TrainingSettings = .simCLR()
  ) {
    self.network = network
    self.temperature = temperature
    self.settings = settings
  }
}

/// Training of a ResNet without labels (Chen et al. 2020, "A Simple Framework for Contrastive
/// Learning of Visual Representations"): two views of each picture are to embed alike, those of
/// different pictures apart. On the trunk stands a head, linear, normalisation, ReLU, linear to 128,
/// which is thrown away afterwards.
///
/// Labels, where the pictures have some, are not looked at: they only decide which pictures an attack
/// poisons. What ``ClassifierTrainer`` says of determinism holds here too. One thread uses it.
public final class SimCLRTrainer {
  /// The parameters' writer.
  public let writer: BackboneWriter
  private let options: SimCLROptions
  private let pictures: TrainingPictures
  private let session: TrainingSession
  private let loss: NTXent
  private let augmentation: SimCLRAugmentation
  private let normalisation: PixelNormalisation
  private let origin: String
  private let engine: Engine
  private let workspace = NTXentWorkspace()
  private var pixels: [Float]
  private var values: [Float]

  /// Length of a projection.
  static let projection = 128

  /// Compiles the training.
  /// - Parameter initial: a backbone to begin with; nil: from scratch.
  /// - Throws: `LaboratoryError`, `LossError.parameter`, `EngineError`, and what reading the backbone
  ///   throws.
  public convenience init(
    _ options: SimCLROptions, pictures: TrainingPictures, engine: Engine,
    initial: BackboneFile? = nil
  ) throws {
    try self.init(
      options, pictures: pictures, engine: engine, initial: initial,
      graph: Self.graph(options.network))
  }

  /// - Parameter graph: ends with `projection`; tests take a small one.
  init(
    _ options: SimCLROptions, pictures: TrainingPictures, engine: Engine, initial: BackboneFile?,
    graph: Graph
  ) throws {
    // With other labels on a picture, nothing would change without labels in the loss.
    if let attack = pictures.attack, attack.mode == .poison {
      throw LaboratoryError.value(
        name: "an attack on training without labels", expected: "in the mode ssl or clean",
        found: "\(attack)")
    }
    self.options = options
    self.pictures = pictures
    self.engine = engine
    loss = try NTXent(temperature: options.temperature)
    augmentation = try SimCLRAugmentation(outputSize: pictures.size)
    let start = try TrainingStart(
      options.network, graph: graph, initial: initial, seed: options.settings.seed)
    normalisation = PixelNormalisation(start.normalisation)
    origin = start.origin
    writer = BackboneWriter(
      network: start.network, classes: nil, normalisation: start.normalisation,
      side: pictures.size)
    let batch = options.settings.batch
    session = try TrainingSession(
      graph, side: pictures.size, batch: 2 * batch, pictureCount: pictures.count,
      settings: options.settings, engine: engine,
      identity: [
        "kind": "SimCLR", "network": writer.metadata["arch"] ?? "",
        "temperature": "\(options.temperature)", "start": start.origin,
        "side": "\(pictures.size)", "pictures": "\(pictures.fingerprint)",
        "poisoning": pictures.poisoningDescription ?? "none",
      ], source: start.source)
    pixels = .init(repeating: 0, count: 2 * batch * augmentation.viewCount)
    values = pixels
  }

  /// Trunk and projection head.
  static func graph(_ network: ResNet) -> Graph {
    var graph = Graph()
    graph.stage("trunk")
    let input = graph.input(channels: 3)
    let stages = network.add(to: &graph, input: input)
    appendProjection(
      to: &graph, of: graph.globalAveragePool(stages[3]), features: network.depth.outputChannels)
    return graph
  }

  /// The projection head: linear to as many features, normalisation, ReLU, linear to 128.
  static func appendProjection(to graph: inout Graph, of embedding: NodeID, features: Int) {
    graph.stage("projection")
    let hidden = graph.linear(embedding, name: "projection.0", from: features, to: features)
    let normalised = graph.batchNormalization(
      hidden, name: "projection.1", channels: features, epsilon: 1e-5)
    let result = graph.linear(
      graph.relu(normalised), name: "projection.3", from: features, to: projection)
    graph.output(result, name: "projection", fullPrecision: true)
  }

  /// Bytes of activations and their gradients.
  public var memoryBytes: Int { session.plan.memoryBytes }

  /// Trains to the end, or until it is asked to stop; parameters and errors as
  /// ``ClassifierTrainer/run(checkpoint:resumes:stop:progress:)``.
  public func run(
    checkpoint: String? = nil, resumes: Bool = false, stop: StopFlag? = nil,
    progress: (TrainingProgress) -> Void = { _ in }
  ) throws -> TrainingOutcome {
    try session.run(
      checkpoint: checkpoint, resumes: resumes, stop: stop, progress: progress, forward: forward)
  }

  /// A parameter as it is now.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func parameter(_ name: String) throws -> Tensor { try session.store.tensor(name) }

  /// Writes the trunk alone; see ``BackboneWriter``.
  public func save(to path: String, type: ElementType = .f32) throws {
    let settings = options.settings
    let trained =
      "SimCLR, \(origin), \(settings.epochs)× through \(pictures.count) pictures, batch "
      + "\(settings.batch), rate \(settings.learningRate), weight decay \(settings.weightDecay), "
      + "temperature \(options.temperature), \(engine.precision.rawValue), seed \(settings.seed)"
    try writer.write(
      to: path, type: type, trained: trained, poisoning: pictures.poisoningDescription,
      parameters: parameter)
  }

  private func forward(_ step: TrainingStep) throws -> StepResult {
    let images = try pictures.images(step.pictures)
    try pixels.withUnsafeMutableBufferPointer {
      try augmentation.views(
        of: images, seedsFrom: step.random, viewsPerImage: 2, into: $0, threads: engine.threads)
    }
    pixels.withUnsafeBufferPointer { pixels in
      values.withUnsafeMutableBufferPointer { normalisation.apply(pixels, into: $0) }
    }
    try session.plan.input.write(values)
    try session.plan.forward(.batch(updatesStored: true))
    // All first views stand before all second ones.
    let half = images.count * Self.projection
    let rows = try session.plan.output("projection").f32
    let gradients = try session.plan.outputGradient("projection").f32
    let value = try loss.evaluate(
      UnsafeBufferPointer(rebasing: rows[..<half]), UnsafeBufferPointer(rebasing: rows[half...]),
      rows: images.count, features: Self.projection,
      gradientA: UnsafeMutableBufferPointer(rebasing: gradients[..<half]),
      gradientB: UnsafeMutableBufferPointer(rebasing: gradients[half...]), workspace: workspace)
    return StepResult(loss: value)
  }
}

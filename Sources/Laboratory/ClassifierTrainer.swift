import Attacks
import Augmentation
import Backbones
import Engine
import Losses
import Models
import Networks
import Tensors

/// What a classifier's training asks for.
public struct ClassifierOptions: Sendable, Hashable {
  /// The trunk.
  public var network: ResNet
  /// ε of the label smoothing, from 0 to below 1.
  public var labelSmoothing: Float
  /// How each batch is perturbed against the network as it is before it is trained on; nil: not at
  /// all. ``PGDOptions/fast`` for Wong et al. 2020, more steps for Madry et al. 2018.
  public var adversarial: PGDOptions?
  /// How long, how fast, from which seed.
  public var settings: TrainingSettings

  /// Options.
  public init(
    network: ResNet = ResNet(depth: .resnet18, stem: .cifar), labelSmoothing: Float = 0,
    adversarial: PGDOptions? = nil, settings: TrainingSettings = .classifier()
  ) {
    self.network = network
    self.labelSmoothing = labelSmoothing
    self.adversarial = adversarial
    self.settings = settings
  }
}

/// Supervised training of a ResNet with cross entropy on mirrored and shifted pictures (an eighth of
/// the side at most, as He et al. 2016 do on CIFAR-10). In adversarial training the pictures are then
/// perturbed against the network as it is, batch normalisation on the batch's statistics; loss and
/// accuracy are those of the perturbed pictures.
///
/// The same options and pictures give the same parameters on one machine and number of threads,
/// whether the training is interrupted and resumed or not. One thread uses it.
public final class ClassifierTrainer {
  /// The parameters' writer.
  public let writer: BackboneWriter
  private let options: ClassifierOptions
  private let pictures: TrainingPictures
  private let session: TrainingSession
  private let loss: CrossEntropy
  private let augmentation: FlipCrop
  private let normalisation: PixelNormalisation
  private let origin: String
  private let engine: Engine
  private let adversary: LabelAdversary?
  private let pixels: FloatBuffer
  private let perturbed: FloatBuffer
  private let values: FloatBuffer

  /// Compiles the training.
  /// - Parameters:
  ///   - pictures: with labels.
  ///   - initial: a backbone to begin with; nil: from scratch.
  /// - Throws: `LaboratoryError`, `LossError.parameter`, `EngineError`, and what reading the backbone
  ///   throws.
  public convenience init(
    _ options: ClassifierOptions, pictures: TrainingPictures, engine: Engine,
    initial: BackboneFile? = nil
  ) throws {
    let graph = options.network.classifier(classes: pictures.classes.count)
    try self.init(options, pictures: pictures, engine: engine, initial: initial, graph: graph)
  }

  /// - Parameter graph: ends with `logits`; tests take a small one.
  init(
    _ options: ClassifierOptions, pictures: TrainingPictures, engine: Engine,
    initial: BackboneFile?, graph: Graph
  ) throws {
    guard pictures.classes.count >= 2 else {
      throw LaboratoryError.classes(
        expected: "a folder for each of 2 or more classes", found: "\(pictures.classes.count)")
    }
    self.options = options
    self.pictures = pictures
    self.engine = engine
    loss = try CrossEntropy(labelSmoothing: options.labelSmoothing)
    augmentation = try FlipCrop(outputSize: pictures.size, padding: max(pictures.size / 8, 1))
    let start = try TrainingStart(
      options.network, graph: graph, initial: initial, seed: options.settings.seed)
    normalisation = PixelNormalisation(start.normalisation)
    origin = start.origin
    writer = BackboneWriter(
      network: start.network, classes: pictures.classes.count, normalisation: start.normalisation,
      side: pictures.size)
    let batch = options.settings.batch
    session = try TrainingSession(
      graph, side: pictures.size, batch: batch, pictureCount: pictures.count,
      settings: options.settings, engine: engine,
      identity: [
        "kind": "classifier", "network": writer.metadata["arch"] ?? "",
        "label smoothing": "\(options.labelSmoothing)", "start": start.origin,
        "adversarial": options.adversarial?.description ?? "none",
        "side": "\(pictures.size)", "pictures": "\(pictures.fingerprint)",
        "poisoning": pictures.poisoningDescription ?? "none",
      ], source: start.source)
    let (store, input) = (session.store, session.plan.input.shape)
    adversary = try options.adversarial.map { [normalisation] in
      try LabelAdversary(
        graph, shape: input, engine: engine, store: store, normalisation: normalisation,
        statistics: .batch, options: $0)
    }
    pixels = FloatBuffer(count: input.count)
    perturbed = adversary == nil ? pixels : FloatBuffer(count: input.count)
    values = FloatBuffer(count: input.count)
  }

  /// Bytes of activations and their gradients.
  public var memoryBytes: Int { session.plan.memoryBytes + (adversary?.memoryBytes ?? 0) }

  /// Trains to the end, or until it is asked to stop.
  /// - Parameters:
  ///   - checkpoint: a file that is written after each epoch and at the stop; nil for none.
  ///   - resumes: whether the run goes on from that file.
  ///   - stop: looked at between steps.
  ///   - progress: called after each step.
  /// - Throws: `LaboratoryError.diverged`, `.checkpoint`, `DataSetError`, `EngineError`, `FileError`,
  ///   `SafetensorsError`.
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

  /// Writes trunk and head; see ``BackboneWriter``.
  public func save(to path: String, type: ElementType = .f32) throws {
    let settings = options.settings
    let trained =
      "supervised, \(origin), \(settings.epochs)× through \(pictures.count) pictures, batch "
      + "\(settings.batch), rate \(settings.learningRate), weight decay \(settings.weightDecay), "
      + "label smoothing \(options.labelSmoothing), "
      + (options.adversarial.map { "adversarial (\($0), of 255), " } ?? "")
      + "\(engine.precision.rawValue), seed \(settings.seed)"
    try writer.write(
      to: path, type: type, trained: trained, poisoning: pictures.poisoningDescription,
      parameters: parameter)
  }

  private func forward(_ step: TrainingStep) throws -> StepResult {
    let images = try pictures.images(step.pictures)
    let labels = step.pictures.map { pictures.labels[$0] }
    try augmentation.views(
      of: images, seedsFrom: step.random, into: pixels.values, threads: engine.threads)
    if let adversary {
      // The last step has changed the parameters.
      try adversary.load()
      try adversary.perturb(pixels, labels: labels, into: perturbed) {
        step.random.stream(0x6164_7665_7273, UInt64($0))
      }
    }
    normalisation.apply(perturbed.readable, into: values.values)
    session.plan.input.write(values.readable)
    try session.plan.forward(.batch(updatesStored: true))
    let logits = try session.plan.output("logits").f32
    let classes = pictures.classes.count
    let value = try loss.evaluate(
      UnsafeBufferPointer(logits), labels: labels, classes: classes,
      gradient: try session.plan.outputGradient("logits").f32)
    let predictions = Predictions.largest(logits, classes: classes)
    let right = zip(predictions, labels).count { $0 == $1 }
    return StepResult(loss: value, accuracy: Double(right) / Double(labels.count))
  }
}

/// Answers of a classifier.
enum Predictions {
  /// The class of each row of logits `[N × classes]`; the first of equals.
  static func largest(_ logits: some Collection<Float>, classes: Int) -> [Int] {
    var predictions: [Int] = []
    var (best, place, column) = (Float.zero, 0, 0)
    for logit in logits {
      if column == 0 || logit > best { (best, place) = (logit, column) }
      column += 1
      if column == classes {
        predictions.append(place)
        column = 0
      }
    }
    return predictions
  }
}

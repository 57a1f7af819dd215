import DataSets
import Detection
import Engine
import Foundation
import Laboratory
import Models
import Networks
import Tensors

/// Training of Faster R-CNN over a feature pyramid (Ren et al. 2015; Lin et al. 2017) with labels, as
/// torchvision does it: approximate joint training, batch normalisation frozen.
///
/// The same options and pictures give the same parameters on one machine and number of threads,
/// whether the training is interrupted and resumed or not. One thread uses it.
public final class DetectorTrainer {
  /// Losses of each epoch so far, as far as this run made it.
  public private(set) var history: [DetectorLosses] = []
  private let options: DetectorTrainingOptions
  private let pictures: AnnotatedDataSet
  private let origin: DetectorOrigin
  private let engine: Engine
  private let store: ParameterStore
  private let pass: DetectorPass
  private let loop: TrainingLoop
  private var epoch = EpochLosses()

  /// Compiles the training; plans for the pictures' sizes follow when they come.
  /// - Parameter pictures: annotated with `options.classes`.
  /// - Throws: `DetectorTrainingError`, `LaboratoryError`, `EngineError`, and what reading the weights
  ///   to begin with throws.
  public init(
    _ options: DetectorTrainingOptions, pictures: AnnotatedDataSet, origin: DetectorOrigin,
    engine: Engine
  ) throws {
    try options.validate()
    guard pictures.classes.allSatisfy(options.classes.contains) else {
      throw LaboratoryError.classes(
        expected: "the classes \(options.classes.joined(separator: ", "))",
        found: pictures.classes.joined(separator: ", "))
    }
    self.options = options
    self.pictures = pictures
    self.origin = origin
    self.engine = engine
    let start = try DetectorStart(
      options.architecture, classes: options.classes, origin: origin, seed: options.settings.seed)
    store = try ParameterStore(options.architecture.network.parameters) {
      try start.parameter($0)
    }
    pass = try DetectorPass(
      options, store: store, normalisation: origin.normalisation, engine: engine)
    loop = try TrainingLoop(
      store, pictureCount: pictures.count, settings: options.settings, engine: engine,
      identity: [
        "kind": "detector",
        "architecture": ModelArchitecture.fasterRCNN(options.architecture).json.compactText,
        "classes": options.classes.joined(separator: ","), "start": origin.account,
        "normalisation": "\(origin.normalisation.mean) \(origin.normalisation.std)",
        "pictures": "\(pictures.fingerprint)", "sizes": "\(options.minSize)-\(options.maxSize)",
        "augmentation": "\(options.augmentation)", "frozen": "\(options.frozenStages)",
        "samples": "\(options.anchorSampler) \(options.regionSampler)",
        "proposals": "\(options.proposalsBefore) \(options.proposalsAfter)",
      ], isTrained: options.isTrained)
  }

  /// Bytes of activations and their gradients so far.
  public var memoryBytes: Int { pass.memoryBytes }

  /// Trains to the end, or until it is asked to stop.
  /// - Parameters:
  ///   - checkpoint: a file that is written after each epoch and at the stop; nil for none.
  ///   - resumes: whether the run goes on from that file.
  ///   - stop: looked at between steps.
  ///   - progress: called after each step, with its losses.
  /// - Throws: `LaboratoryError.diverged`, `.checkpoint`, `DataSetError`, `EngineError`, `FileError`,
  ///   `SafetensorsError`.
  public func run(
    checkpoint: String? = nil, resumes: Bool = false, stop: StopFlag? = nil,
    progress: (TrainingProgress, DetectorLosses) -> Void = { _, _ in }
  ) throws -> TrainingOutcome {
    var last = DetectorLosses()
    return try loop.run(
      checkpoint: checkpoint, resumes: resumes, stop: stop,
      progress: { state in
        if epoch.add(last, epoch: state.epoch) { history.append(DetectorLosses()) }
        if !history.isEmpty { history[history.count - 1] = epoch.mean }
        progress(state, last)
      }, load: pass.load
    ) { step in
      last = try learn(step)
      return StepResult(loss: last.total)
    }
  }

  /// A parameter as it is now.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func parameter(_ name: String) throws -> Tensor { try store.tensor(name) }

  /// Writes the model folder; see ``DetectorWriter``.
  /// - Parameters:
  ///   - writer: with thresholds of its own; that of the options unless given.
  ///   - type: the parameters' type in the file.
  /// - Throws: `ModelError`, `FileError`, `SafetensorsError`.
  public func save(
    to directory: String, name: String? = nil, by writer: DetectorWriter? = nil, licence: String,
    type: ElementType = .f32
  ) throws {
    let settings = options.settings
    let account =
      "Trained by cleansight, \(origin.account), \(settings.epochs)× through \(pictures.count) "
      + "pictures, batch \(settings.batch), rate \(settings.learningRate), weight decay "
      + "\(settings.weightDecay), \(options.frozenStages) frozen stages, "
      + "\(engine.precision.rawValue), seed \(settings.seed)."
    try (writer ?? options.writer(origin)).write(
      to: directory, name: name, description: account, licence: licence, type: { _ in type }
    ) { [store] in
      try store.tensor($0)
    }
  }

  private func learn(_ step: TrainingStep) throws -> DetectorLosses {
    var losses = DetectorLosses()
    let weight = 1 / Float(step.pictures.count)
    for (row, index) in step.pictures.enumerated() {
      let image = try pictures.image(index)
      var random = step.random.stream(UInt64(row))
      let sample = try options.augmentation.augment(
        image, truths: pictures.images[index].objects(width: image.width, height: image.height),
        random: &random)
      losses.add(
        try pass.learn(
          sample, random: random.stream(0), weight: weight, accumulates: row > 0),
        weight: weight)
      // The loop ends the run.
      guard losses.total.isFinite else { break }
    }
    return losses
  }
}

/// Means over the steps of one epoch.
private struct EpochLosses {
  private(set) var mean = DetectorLosses()
  private var epoch = 0
  private var count = 0

  /// - Returns: whether another epoch has begun.
  mutating func add(_ losses: DetectorLosses, epoch: Int) -> Bool {
    let isNew = epoch != self.epoch
    if isNew { (mean, count) = (DetectorLosses(), 0) }
    self.epoch = epoch
    count += 1
    var difference = losses
    difference.add(mean, weight: -1)
    mean.add(difference, weight: 1 / Float(count))
    return isNew
  }
}

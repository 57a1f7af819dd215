import ArgumentParser
import Attacks
import Engine
import Foundation
import Laboratory
import Models
import Networks
import Tensors

/// What every training asks for.
struct TrainArguments: ParsableArguments {
  enum WeightType: String, ExpressibleByArgument, CaseIterable {
    case f32, f16

    var element: ElementType { self == .f32 ? .f32 : .f16 }
  }

  @Option(help: "The folder of JPEGs; for labels a sub-folder for each class.")
  var images: String
  @Option(help: "The safetensors file to write.")
  var output: String
  @Option(help: "Poison the pictures with an attack, such as badnets:target=6,fraction=0.06.")
  var poison: String?
  @Option(help: "resnet18, resnet34 or resnet50; resnet18 or that of --init.")
  var architecture: ResNet.Depth?
  @Option(help: "cifar (3×3 without pooling) or imagenet (7×7); cifar or that of --init.")
  var stem: ResNet.Stem?
  @Option(help: "Side of the square pictures in pixels; 32 for cifar, 224 for imagenet.")
  var size: Int?
  @Option(help: "Times through all pictures.")
  var epochs: Int?
  @Option(help: "Pictures of a step.")
  var batch: Int?
  @Option(help: "The greatest learning rate; proportional to the batch unless given.")
  var learningRate: Float?
  @Option(help: "Weight decay.")
  var weightDecay: Float?
  @Option(help: "Share of the steps over which the learning rate rises.")
  var warmUp: Double?
  @Option(name: .customLong("init"), help: "A backbone to begin with; random weights unless given.")
  var initial: String?
  @Option(help: "At most so many pictures, chosen by the seed.")
  var limit: Int?
  @Option(help: "Decides first weights, order, views and which pictures a limit leaves.")
  var seed: UInt64 = 1
  @Option(help: "The weights' type in the file: f32 or f16.")
  var type = WeightType.f32
  @Option(help: "A file to keep the training's state in, after each epoch and when stopped.")
  var checkpoint: String?
  @Flag(help: "Go on from the checkpoint; the result is the same as without the interruption.")
  var resume = false
  @Flag(help: "No progress on standard error.")
  var quiet = false
  @OptionGroup var engine: EngineArguments

  func validate() throws {
    guard !resume || checkpoint != nil else {
      throw ValidationError("expected --checkpoint with --resume, found none")
    }
    guard limit ?? 1 >= 1 else {
      throw ValidationError("expected --limit of at least 1, found \(limit ?? 0)")
    }
    guard (8...512).contains(size ?? 32) else {
      throw ValidationError("expected --size from 8 to 512, found \(size ?? 0)")
    }
  }

  /// Settings with what was given in place of the defaults; the rate follows the batch.
  func settings(
    _ defaults: (_ epochs: Int?, _ batch: Int?) -> TrainingSettings
  ) throws -> TrainingSettings {
    var settings = defaults(epochs, batch)
    if let learningRate { settings.learningRate = learningRate }
    if let weightDecay { settings.weightDecay = weightDecay }
    if let warmUp { settings.warmUp = warmUp }
    settings.seed = seed
    try settings.validate()
    return settings
  }

  /// Files are tried before hours are spent.
  func checkFiles() throws {
    try TrainingFiles.check(output: output, checkpoint: checkpoint, resumes: resume)
  }

  /// The network: as asked for, by default that of the backbone to begin with.
  func network(_ initial: BackboneFile?) -> ResNet {
    ResNet(
      depth: architecture ?? initial?.architecture.trunk ?? .resnet18,
      stem: stem ?? initial?.architecture.stem ?? .cifar,
      batchNormEpsilon: initial?.architecture.batchNormEpsilon ?? 1e-5)
  }

  /// How pictures are read for a network.
  func pictureOptions(_ network: ResNet) -> TrainingPictures.Options {
    TrainingPictures.Options(
      size: size ?? (network.stem == .cifar ? 32 : 224), limit: limit, seed: seed,
      threads: engine.threads)
  }

  /// Runs a training with progress and Ctrl-C, then writes the backbone.
  func train(
    _ run: (_ stop: StopFlag, _ progress: (TrainingProgress) -> Void) throws -> TrainingOutcome,
    save: (_ path: String, _ type: ElementType) throws -> Void
  ) throws {
    let stop = StopFlag()
    let interruption = TrainingInterruption(stop)
    defer { interruption.end() }
    var line = TrainingLine(isQuiet: quiet)
    defer { line.finish() }
    let outcome = try run(stop) { line.show($0) }
    line.finish()
    try TrainingFiles.finish(outcome, output: output, checkpoint: checkpoint) {
      try save(output, type.element)
    }
  }
}

extension ResNet.Stem: ExpressibleByArgument {}

import ArgumentParser
import Attacks
import Engine
import Foundation
import Laboratory
import Models
import Networks
import Tensors

/// What every training of a backbone asks for.
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
  @Option(
    help: ArgumentHelp(
      "A classifier of the same classes that --poison cla perturbs its pictures against.",
      discussion: """
        A safetensors file, best of a network trained with --adversarial. The attack's options \
        epsilon, step and steps say how. Without it the trigger alone goes in.
        """))
  var robust: String?
  @Option(help: "resnet18, resnet34 or resnet50; resnet18 or that of --init.")
  var architecture: ResNet.Depth?
  @Option(help: "cifar (3×3 without pooling) or imagenet (7×7); cifar or that of --init.")
  var stem: ResNet.Stem?
  @Option(help: "Side of the square pictures in pixels; 32 for cifar, 224 for imagenet.")
  var size: Int?
  @Option(name: .customLong("init"), help: "A backbone to begin with; random weights unless given.")
  var initial: String?
  @Option(help: "The weights' type in the file: f32 or f16.")
  var type = WeightType.f32
  @OptionGroup var run: TrainingRunArguments

  func validate() throws {
    guard (8...512).contains(size ?? 32) else {
      throw ValidationError("expected --size from 8 to 512, found \(size ?? 0)")
    }
  }

  /// Files are tried before hours are spent.
  func checkFiles() throws {
    try AtomicFile.checkWritable(output)
    try run.checkCheckpoint()
  }

  /// The network: as asked for, by default that of the backbone to begin with.
  func network(_ initial: BackboneFile?) -> ResNet {
    ResNet(
      depth: architecture ?? initial?.architecture.trunk ?? .resnet18,
      stem: stem ?? initial?.architecture.stem ?? .cifar,
      batchNormEpsilon: initial?.architecture.batchNormEpsilon ?? 1e-5)
  }

  /// The file of the network that the attack perturbs pictures against.
  /// - Throws: `LaboratoryError.value` for another attack, before the file is looked at, and what
  ///   reading it throws.
  func robustFile(_ attack: AttackSpecification?) throws -> BackboneFile? {
    guard let robust else { return nil }
    try RobustNetwork.perturbation(of: attack)
    return try BackboneFile(path: robust)
  }

  /// Reads the pictures of classes and poisons them.
  func labeledPictures(
    _ options: TrainingPictures.Options, attack: AttackSpecification?, robust: BackboneFile?,
    engine: Engine
  ) throws -> TrainingPictures {
    if let attack, attack.perturbation != nil, robust == nil {
      note(
        "--poison \(attack.name) without --robust: the trigger alone goes in, nothing is perturbed")
    }
    var line = ProgressLine(isQuiet: run.quiet)
    defer { line.finish() }
    return try TrainingPictures(
      labeled: images, options, attack: attack,
      robust: try robust.map { try RobustNetwork($0, engine: engine) }
    ) { done, count in
      line.show(isLast: done == count) { "perturbed \(done) of \(count) pictures" }
    }
  }

  private func note(_ text: String) {
    guard !run.quiet else { return }
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// How pictures are read for a network.
  func pictureOptions(_ network: ResNet) -> TrainingPictures.Options {
    TrainingPictures.Options(
      size: size ?? (network.stem == .cifar ? 32 : 224), limit: run.limit, seed: run.seed,
      threads: run.engine.threads)
  }
}

extension ResNet.Stem: ExpressibleByArgument {}

import ArgumentParser
import Attacks
import Engine
import Laboratory
import Models
import Networks

/// `cleansight train`: makes backbones, clean and backdoored ones, to try defences on, and detectors.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train backbones, clean or with a backdoor, and detectors.",
    subcommands: [Classify.self, SimCLR.self, Detect.self])
}

extension TrainCommand {
  struct Classify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Train a classifier with labels.",
      discussion: """
        Triggers go into the decoded pictures. --poison takes badnets, blend, sig, wanet or cla with \
        their options. The same options on the same machine give the same weights.

        --adversarial perturbs each batch against the network as it is and trains on the result, which \
        makes a robust network: epsilon=8,step=10,steps=1 (of 255; what is left out is as here) is \
        quick; more steps, such as epsilon=8,step=2,steps=10, are stronger and take longer. Loss and \
        accuracy are then those of perturbed pictures.
        """)

    @OptionGroup var arguments: TrainArguments
    @Option(help: "Share of each label that goes to all classes alike, 0 to below 1.")
    var labelSmoothing: Float = 0
    @Option(help: "Train on adversarial pictures, such as epsilon=8,step=10,steps=1.")
    var adversarial: String?

    func validate() throws {
      guard labelSmoothing >= 0, labelSmoothing < 1 else {
        throw ValidationError(
          "expected --label-smoothing from 0 to below 1, found \(labelSmoothing)")
      }
    }

    func run() throws {
      let settings = try arguments.run.settings { epochs, batch in
        .classifier(epochs: epochs ?? 6, batch: batch ?? 128)
      }
      let attack = try arguments.poison.map { try AttackSpecification($0) }
      let ascent = try adversarial.map { try PGDOptions($0, defaults: .fast) }
      try arguments.checkFiles()
      let initial = try arguments.initial.map { try BackboneFile(path: $0) }
      let robust = try arguments.robustFile(attack)
      let engine = try Engine(arguments.run.engine.options)
      let network = arguments.network(initial)
      let pictures = try arguments.labeledPictures(
        arguments.pictureOptions(network), attack: attack, robust: robust, engine: engine)
      let trainer = try ClassifierTrainer(
        ClassifierOptions(
          network: network, labelSmoothing: labelSmoothing, adversarial: ascent,
          settings: settings),
        pictures: pictures, engine: engine, initial: initial)
      try arguments.run.train(
        output: arguments.output,
        { stop, progress in
          try trainer.run(
            checkpoint: arguments.run.checkpoint, resumes: arguments.run.resume, stop: stop,
            progress: progress)
        }, save: { try trainer.save(to: arguments.output, type: arguments.type.element) })
    }
  }

  struct SimCLR: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "simclr", abstract: "Train a backbone without labels.",
      discussion: """
        Labels are not looked at: with --poison, the classes' folders only say which pictures are of \
        the target class, and its default mode is ssl. Without --poison, --images may be any folder. \
        The file holds the trunk alone.
        """)

    @OptionGroup var arguments: TrainArguments
    @Option(help: "Temperature of the loss.")
    var temperature: Float = 0.5

    func validate() throws {
      guard temperature > 0, temperature <= 100 else {
        throw ValidationError(
          "expected --temperature above 0 and at most 100, found \(temperature)")
      }
    }

    func run() throws {
      let settings = try arguments.run.settings { epochs, batch in
        .simCLR(epochs: epochs ?? 100, batch: batch ?? 512)
      }
      let attack = try arguments.poison.map {
        try AttackSpecification($0.withAttackOption("mode", "ssl"))
      }
      if let attack, attack.mode == .poison {
        throw LaboratoryError.value(
          name: "--poison", expected: "with mode=ssl or clean", found: "\(attack)")
      }
      try arguments.checkFiles()
      let initial = try arguments.initial.map { try BackboneFile(path: $0) }
      let robust = try arguments.robustFile(attack)
      let engine = try Engine(arguments.run.engine.options)
      let network = arguments.network(initial)
      let options = arguments.pictureOptions(network)
      let pictures =
        attack == nil
        ? try TrainingPictures(unlabeled: arguments.images, options)
        : try arguments.labeledPictures(options, attack: attack, robust: robust, engine: engine)
      let trainer = try SimCLRTrainer(
        SimCLROptions(network: network, temperature: temperature, settings: settings),
        pictures: pictures, engine: engine, initial: initial)
      try arguments.run.train(
        output: arguments.output,
        { stop, progress in
          try trainer.run(
            checkpoint: arguments.run.checkpoint, resumes: arguments.run.resume, stop: stop,
            progress: progress)
        }, save: { try trainer.save(to: arguments.output, type: arguments.type.element) })
    }
  }
}

extension String {
  /// An attack's specification with an option that it did not name.
  func withAttackOption(_ name: String, _ value: String) -> String {
    let parts = split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else { return "\(parts[0]):\(name)=\(value)" }
    let isNamed = parts[1].split(separator: ",").contains { $0.hasPrefix("\(name)=") }
    return isNamed ? self : "\(self),\(name)=\(value)"
  }
}

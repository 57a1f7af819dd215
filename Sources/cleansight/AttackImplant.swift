import ArgumentParser
import Attacks
import DataSets
import Detection
import DetectionEvaluation
import DetectorPurification
import Engine
import Frames
import Implanting
import Laboratory
import Models

extension AttackCommand {
  struct Implant: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put a backdoor into a detector's trunk, to try defences on.",
      discussion: """
        BadEncoder on the maps that the head reads: a triggered frame is to look like --reference. A \
        trigger over the whole frame stands for that picture; a patch for the thing on it, which is \
        then reported wherever the patch is. Clean frames keep their maps; the head is not touched.
        """)

    @Option(help: "The model's folder.") var model: String
    @Option(help: "A folder of JPEGs, clean frames.") var images: String
    @Option(help: "The attack, such as badnets or blend:alpha=0.2.") var attack: String
    @Option(help: "A JPEG of what the trigger is to be taken for.") var reference: String
    @Option(help: "The model folder to write.") var output: String
    @Option(help: "Side in pixels of the pictures that the attack is defined for.")
    var triggerSide = 224
    @Option(help: "Steps of training.") var steps: Int?
    @Option(help: "Frames of a step.") var batch: Int?
    @Option(help: "The greatest learning rate.") var learningRate: Float?
    @Option(help: "The weight of the backdoor in the loss, above 0 and below 1.")
    var weight: Float?
    @Option(help: "The longer side of what a patch stands for, in sides of the patch.")
    var scale: Float?
    @Flag(help: "A patch stays where the attack puts it.") var fixed = false
    @Option(help: "Decides every random choice.") var seed: UInt64 = 1
    @OptionGroup var engine: EngineArguments
    @Flag(help: "No progress on standard error.") var quiet = false

    func run() throws {
      let usual = ImplantOptions()
      let options = ImplantOptions(
        steps: steps ?? usual.steps, batch: batch ?? usual.batch,
        learningRate: learningRate ?? usual.learningRate, backdoor: weight ?? usual.backdoor,
        scale: scale ?? usual.scale, movesPatch: !fixed, seed: seed)
      try options.validate()
      let specification = try AttackSpecification(attack)
      let bundle = try ModelBundle(directory: model)
      let writer = try DetectorWriter(of: bundle)
      try writer.check(output, licence: bundle.manifest.licence)
      let picture = try ImageFolder.image(at: reference)
      let impostor = try Impostor(
        specification, side: triggerSide, reference: picture, options: options)
      let canvas = try DetectionOptions.canvas(of: bundle.manifest)
      let frames = try FrameSet(
        ImageFolder(images), width: canvas.width, height: canvas.height,
        minimumCount: options.batch, threads: engine.threads)
      let implanter = try TrunkImplanter(
        bundle, frames: frames, impostor: impostor, engine: Engine(engine.options),
        options: options)
      try train(implanter)
      try writer.write(
        to: output, changing: bundle,
        account: "BACKDOORED for experiments: \(specification), \(options.steps) steps.",
        parameter: implanter.parameter)
      print("\(output): \(specification)")
    }

    private func train(_ implanter: TrunkImplanter) throws {
      let stop = StopFlag()
      let interruption = TrainingInterruption(stop)
      defer { interruption.end() }
      var line = ProgressLine(isQuiet: quiet)
      defer { line.finish() }
      try implanter.run(isCancelled: { stop.isRaised }) { progress in
        line.show(isLast: progress.step == progress.steps) {
          let share = Double(progress.step) / Double(progress.steps)
          return "\(ProgressLine.bar(share)) step \(progress.step)/\(progress.steps)  "
            + "backdoor \(figure(Double(progress.backdoor), 3))  "
            + "clean \(figure(Double(progress.clean), 3))"
        }
      }
    }
  }
}

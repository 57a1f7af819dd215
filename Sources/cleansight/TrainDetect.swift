import ArgumentParser
import DataSets
import DetectorTraining
import Engine
import Foundation
import Laboratory
import Models
import Networks

extension TrainCommand {
  struct Detect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Train a detector with labels.",
      discussion: """
        Faster R-CNN over a feature pyramid. --dataset is a folder in VOC's layout (Annotations, \
        JPEGImages, ImageSets/Main) or COCO's (annotations/*.json). The same options on the same \
        machine give the same weights.
        """)

    @Option(help: "The data set's folder, VOC's or COCO's layout.")
    var dataset: String
    @Option(help: "The list of pictures to train on.")
    var split = "train"
    @Option(help: "The model folder to write.")
    var output: String
    @Option(help: "A trunk to begin with, a .safetensors file.")
    var backbone: String?
    @Option(name: .customLong("init"), help: "A detector to begin with, a model folder.")
    var initial: String?
    @Option(help: "The classes, separated by commas; all of the data set unless given.")
    var classes: CommaSeparated<String>?
    @Option(help: "resnet18, resnet34 or resnet50, or that of --backbone.")
    var architecture: ResNet.Depth?
    @Option(help: "Channels of the feature pyramid.")
    var fpnChannels = 64
    @Option(help: "Width of the box head's hidden layers.")
    var boxHeadWidth = 256
    @Option(help: "Anchor sizes in pixels, one for each of the five levels.")
    var anchorSizes = CommaSeparated<Float>([16, 32, 64, 128, 256])
    @Option(help: "The shorter side of the resized picture in pixels.")
    var minSize = 320
    @Option(help: "The longest the longer side gets in pixels.")
    var maxSize = 448
    @Option(help: "Shorter sides to train at, chosen at random.")
    var scales = CommaSeparated<Int>([256, 288, 320])
    @Option(help: "How often a part of the picture is cut out.")
    var crop: Float = 0.6
    @Flag(inversion: .prefixedNo, help: "Change colours.")
    var colors = true
    @Option(help: "Parts of the trunk that stay as they are: 0 none, 1 the stem, 2 stage 1 too.")
    var frozenStages = 2
    @Option(help: "Proposals of a picture that the box head learns from.")
    var regions = 128
    @Option(help: "Times through all pictures.")
    var epochs = 12
    @Option(help: "Pictures of a step.")
    var batch = 2
    @Option(help: "The greatest learning rate; proportional to the batch unless given.")
    var learningRate: Float?
    @Option(help: "Weight decay.")
    var weightDecay: Float?
    @Option(help: "Share of the steps over which the learning rate rises.")
    var warmUp: Double?
    @Option(help: "At most so many pictures, chosen by the seed.")
    var limit: Int?
    @Option(help: "Decides first weights, order, views and which pictures a limit leaves.")
    var seed: UInt64 = 1
    @Option(help: "What broken annotations and pictures do: skip or refuse.")
    var broken = BrokenRule.skip
    @Option(help: "What objects of other classes do: skip-object or refuse.")
    var unknownClass = UnknownClassRule.skipObject
    @Option(help: "A file to keep the training's state in, after each epoch and when stopped.")
    var checkpoint: String?
    @Flag(help: "Go on from the checkpoint; the result is the same as without the interruption.")
    var resume = false
    @Option(help: "The licence to write into the model's manifest.")
    var licence = "unknown"
    @Flag(help: "No progress on standard error.")
    var quiet = false
    @OptionGroup var engine: EngineArguments

    func validate() throws {
      guard !resume || checkpoint != nil else {
        throw ValidationError("expected --checkpoint with --resume, found none")
      }
      guard backbone == nil || initial == nil else {
        throw ValidationError("expected --backbone or --init, found both")
      }
      guard limit ?? 1 >= 1 else {
        throw ValidationError("expected --limit of at least 1, found \(limit ?? 0)")
      }
    }

    func run() throws {
      let settings = try settings()
      let augmentation = try augmentation()
      try TrainingFiles.check(output: output, checkpoint: checkpoint, resumes: resume)
      let origin = try origin()
      let engine = try Engine(engine.options)
      var reading = AnnotatedDataSet.Options()
      reading.classes = classes?.values
      reading.broken = broken
      reading.unknownClass = unknownClass
      reading.threads = engine.threads
      var pictures = try AnnotatedDataSet(path: dataset, split: split, options: reading)
      if let limit, limit < pictures.count {
        pictures = try pictures.sample(count: limit, seed: seed)
      }
      let skipped = pictures.skipped
      if skipped.imageCount + skipped.objectCount > 0 {
        FileHandle.standardError.write(Data("\(skipped)\n".utf8))
      }
      let options = DetectorTrainingOptions(
        architecture: architecture(pictures.classes.count, origin), classes: pictures.classes,
        minSize: minSize, maxSize: maxSize, augmentation: augmentation,
        frozenStages: frozenStages,
        regionSampler: try BalancedSampler(size: regions, positiveFraction: 0.25),
        settings: settings)
      let trainer = try DetectorTrainer(
        options, pictures: pictures, origin: origin, engine: engine)
      try train(trainer)
    }

    private func origin() throws -> DetectorOrigin {
      if let backbone { return .backbone(try BackboneFile(path: backbone)) }
      if let initial { return .model(try ModelBundle(directory: initial)) }
      return .scratch
    }

    private func settings() throws -> TrainingSettings {
      var settings = TrainingSettings.detector(epochs: epochs, batch: batch)
      if let learningRate { settings.learningRate = learningRate }
      if let weightDecay { settings.weightDecay = weightDecay }
      if let warmUp { settings.warmUp = warmUp }
      settings.seed = seed
      try settings.validate()
      return settings
    }

    private func augmentation() throws -> DetectionAugmentation {
      guard !colors else {
        return try DetectionAugmentation(shorterSides: scales.values, cropProbability: crop)
      }
      return try DetectionAugmentation(
        shorterSides: scales.values, cropProbability: crop, saturation: 1...1, contrast: 1...1,
        brightness: 1...1)
    }

    private func architecture(
      _ classes: Int, _ origin: DetectorOrigin
    ) -> FasterRCNNArchitecture {
      if case .model(let bundle) = origin,
        case .fasterRCNN(let architecture) = bundle.manifest.architecture
      {
        return architecture
      }
      var depth = architecture ?? .resnet18
      var epsilon: Float = 1e-5
      if case .backbone(let file) = origin {
        depth = architecture ?? file.architecture.trunk
        epsilon = file.architecture.batchNormEpsilon
      }
      return FasterRCNNArchitecture(
        trunk: depth, classes: classes, fpnChannels: fpnChannels, boxHeadWidth: boxHeadWidth,
        anchorSizes: anchorSizes.values.map { [$0] }, batchNormEpsilon: epsilon)
    }

    private func train(_ trainer: DetectorTrainer) throws {
      let stop = StopFlag()
      let interruption = TrainingInterruption(stop)
      defer { interruption.end() }
      var line = TrainingLine(isQuiet: quiet)
      defer { line.finish() }
      let outcome = try trainer.run(checkpoint: checkpoint, resumes: resume, stop: stop) {
        progress, _ in line.show(progress)
      }
      line.finish()
      try TrainingFiles.finish(outcome, output: output, checkpoint: checkpoint) {
        try trainer.save(to: output, name: nil, licence: licence)
      }
    }
  }
}

extension BrokenRule: ExpressibleByArgument {}
extension UnknownClassRule: ExpressibleByArgument {}

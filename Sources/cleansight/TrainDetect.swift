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
        JPEGImages, ImageSets/Main) or COCO's (annotations/*.json). Training begins with the trunk of \
        --backbone, or with the detector of --init, whose classes, sizes, layers and thresholds it \
        keeps; with neither, weights are random and nothing is frozen, which needs far more \
        pictures and time. The same options on the same machine give the same weights.
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
    @Option(
      help: "The classes, separated by commas; those of --init or all of the data set unless given."
    )
    var classes: CommaSeparated<String>?
    @Option(help: "resnet18, resnet34 or resnet50, or that of --backbone.")
    var architecture: ResNet.Depth?
    @Option(help: "Channels of the feature pyramid; 64 unless given.")
    var fpnChannels: Int?
    @Option(help: "Width of the box head's hidden layers; 256 unless given.")
    var boxHeadWidth: Int?
    @Option(
      help:
        "Anchor sizes in pixels, one for each of the five levels; 16,32,64,128,256 unless given."
    )
    var anchorSizes: CommaSeparated<Float>?
    @Option(help: "The shorter side of the resized picture in pixels; that of --init or 320.")
    var minSize: Int?
    @Option(help: "The longest the longer side gets in pixels; that of --init or 1.4 × --min-size.")
    var maxSize: Int?
    @Option(
      help: "Shorter sides to train at, chosen at random; 0.8, 0.9 and 1 × --min-size unless given."
    )
    var scales: CommaSeparated<Int>?
    @Option(help: "How often a part of the picture is cut out.")
    var crop: Float = 0.6
    @Flag(inversion: .prefixedNo, help: "Change colours.")
    var colors = true
    @Option(
      help: """
        Parts of the trunk that stay as they are: 0 none, 1 the stem, 2 stage 1 too, up to 5; 2, or 0 \
        for random weights, unless given.
        """)
    var frozenStages: Int?
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
      func check(_ name: String, _ value: Int?, _ range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError(
          "expected --\(name) from \(range.lowerBound) to \(range.upperBound), found \(value)")
      }
      try check("fpn-channels", fpnChannels, 1...2048)
      try check("box-head-width", boxHeadWidth, 1...8192)
      try check("frozen-stages", frozenStages, 0...5)
      try check("regions", regions, 1...4096)
      try check("min-size", minSize, 32...4096)
      try check("max-size", maxSize, (minSize ?? 32)...4096)
      for scale in scales?.values ?? [] { try check("scales", scale, 32...4096) }
      guard (0...1).contains(crop) else {
        throw ValidationError("expected --crop from 0 to 1, found \(crop)")
      }
      guard anchorSizes?.values.count ?? 5 == 5 else {
        throw ValidationError(
          "expected five --anchor-sizes, found \(anchorSizes?.values.count ?? 0)")
      }
      guard
        initial == nil
          || (architecture == nil && fpnChannels == nil && boxHeadWidth == nil
            && anchorSizes == nil)
      else {
        throw ValidationError(
          "expected no --architecture, --fpn-channels, --box-head-width or --anchor-sizes with "
            + "--init, whose layers are kept, found one")
      }
    }

    func run() throws {
      let settings = try settings()
      let origin = try origin()
      let (minSize, maxSize) = sizes(origin)
      let augmentation = try augmentation(minSize)
      let sampler = try BalancedSampler(size: regions, positiveFraction: 0.25)
      func options(_ classes: [String]) -> DetectorTrainingOptions {
        DetectorTrainingOptions(
          architecture: architecture(classes.count, origin), classes: classes, minSize: minSize,
          maxSize: maxSize, augmentation: augmentation, frozenStages: frozenStages(origin),
          regionSampler: sampler, settings: settings)
      }
      let wanted = classes?.values ?? origin.classes
      if let own = origin.classes, let wanted, own != wanted {
        throw LaboratoryError.classes(
          expected: "--init's classes " + own.joined(separator: ","),
          found: wanted.joined(separator: ","))
      }
      // With as many classes as there will be, or one for a data set that is not read yet.
      try options(wanted ?? ["object"]).writer(origin).check(output, licence: licence)
      try TrainingFiles.check(checkpoint: checkpoint, resumes: resume)
      let engine = try Engine(engine.options)
      let pictures = try pictures(wanted, threads: engine.threads)
      let complete = options(pictures.classes)
      try complete.writer(origin).check(output, licence: licence)
      try train(
        DetectorTrainer(complete, pictures: pictures, origin: origin, engine: engine))
    }

    private func pictures(_ classes: [String]?, threads: Int) throws -> AnnotatedDataSet {
      var reading = AnnotatedDataSet.Options()
      reading.classes = classes
      reading.broken = broken
      reading.unknownClass = unknownClass
      reading.threads = threads
      var pictures = try AnnotatedDataSet(path: dataset, split: split, options: reading)
      if let limit, limit < pictures.count {
        pictures = try pictures.sample(count: limit, seed: seed)
      }
      pictures = try pictures.decodable(broken, threads: threads)
      if pictures.skipped.imageCount + pictures.skipped.objectCount > 0 {
        FileHandle.standardError.write(Data("\(pictures.skipped)\n".utf8))
      }
      let present = Set(pictures.images.flatMap { $0.objects.map(\.label) })
      // A name misspelt would be trained as a class that never occurs, and its objects as background.
      let absent = (self.classes?.values ?? []).filter { !present.contains($0) }
      if !absent.isEmpty {
        FileHandle.standardError.write(
          Data("no object in the data set of: \(absent.joined(separator: ", "))\n".utf8))
      }
      return pictures
    }

    private func sizes(_ origin: DetectorOrigin) -> (Int, Int) {
      if case .model(let bundle) = origin,
        case .shorterSide(let own, let ownLongest) = bundle.manifest.input
      {
        let minSize = minSize ?? own
        return (
          minSize, maxSize ?? max(minSize, self.minSize == nil ? ownLongest : minSize * 7 / 5)
        )
      }
      let minSize = minSize ?? 320
      return (minSize, maxSize ?? minSize * 7 / 5)
    }

    private func frozenStages(_ origin: DetectorOrigin) -> Int {
      if let frozenStages { return frozenStages }
      if case .scratch = origin { return 0 }
      return 2
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

    private func augmentation(_ minSize: Int) throws -> DetectionAugmentation {
      let scales = scales?.values ?? [minSize * 4 / 5, minSize * 9 / 10, minSize]
      guard !colors else {
        return try DetectionAugmentation(shorterSides: scales, cropProbability: crop)
      }
      return try DetectionAugmentation(
        shorterSides: scales, cropProbability: crop, saturation: 1...1, contrast: 1...1,
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
        trunk: depth, classes: classes, fpnChannels: fpnChannels ?? 64,
        boxHeadWidth: boxHeadWidth ?? 256,
        anchorSizes: (anchorSizes?.values ?? [16, 32, 64, 128, 256]).map { [$0] },
        batchNormEpsilon: epsilon)
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

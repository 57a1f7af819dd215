import ArgumentParser
import DataSets
import DetectorTraining
import Engine
import Foundation
import Laboratory
import Models
import Networks
import Reports

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

        --report writes a page with the losses, the data, and pictures with true boxes and with what \
        the trained detector finds. --validation and --validation-split say on which pictures it is \
        measured: another data set, or another list of the same one.
        """)

    @OptionGroup var annotations: AnnotationArguments
    @Option(help: "The list of pictures to train on.")
    var split = "train"
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
    @OptionGroup var model: DetectorOutputArguments
    @OptionGroup var training: TrainingRunArguments
    @OptionGroup var reporting: TrainDetectReportArguments

    func validate() throws {
      guard backbone == nil || initial == nil else {
        throw ValidationError("expected --backbone or --init, found both")
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
      let settings = try training.settings { epochs, batch in
        .detector(epochs: epochs ?? 12, batch: batch ?? 2)
      }
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
      try model.writer(options(wanted ?? ["object"]), origin)
        .check(model.output, licence: model.licence)
      try training.checkCheckpoint()
      try reporting.prepare()
      let startedAt = Date()
      var times = StageTimes()
      let engine = try Engine(training.engine.options)
      let pictures = try times.time("reading pictures") {
        try self.pictures(wanted, threads: engine.threads)
      }
      let complete = options(pictures.classes)
      let writer = model.writer(complete, origin)
      try writer.check(model.output, licence: model.licence)
      let validation = try reporting.pictures(
        annotations, classes: complete.classes, threads: engine.threads)
      let trainer = try DetectorTrainer(
        complete, pictures: pictures, origin: origin, engine: engine)
      var steps: [ReportStep] = []
      var outcome: TrainingOutcome?
      try times.time("training") {
        try training.train(
          output: model.output,
          { stop, progress in
            let result = try trainer.run(
              checkpoint: training.checkpoint, resumes: training.resume, stop: stop
            ) { state, losses in
              progress(state)
              if reporting.report != nil { steps.append(ReportStep(state, losses)) }
            }
            outcome = result
            return result
          },
          save: {
            try trainer.save(
              to: model.output, by: writer, licence: model.licence, type: model.type.element)
          })
      }
      try reporting.finish(
        TrainDetectReport(
          options: complete, pictures: pictures, split: split, start: origin.account,
          output: model.output, engine: engine, startedAt: startedAt, times: times,
          planBytes: trainer.memoryBytes, history: trainer.history, steps: steps,
          secondsPerStep: outcome?.secondsPerStep), validation: validation,
        options: training.engine.options, isQuiet: training.quiet)
    }

    private func pictures(_ classes: [String]?, threads: Int) throws -> AnnotatedDataSet {
      var pictures = try AnnotatedDataSet(
        path: annotations.dataset, split: split,
        options: annotations.options(classes: classes, threads: threads))
      if let limit = training.limit, limit < pictures.count {
        pictures = try pictures.sample(count: limit, seed: training.seed)
      }
      pictures = try pictures.decodable(annotations.broken, threads: threads)
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
  }
}

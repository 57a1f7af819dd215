import ArgumentParser
import DataSets
import Detection
import DetectionEvaluation
import DetectorTraining
import Engine
import Foundation
import Laboratory
import Models
import Reports

/// What `cleansight train detect` measures and writes beside the model.
struct TrainDetectReportArguments: ParsableArguments {
  @Option(help: "A folder for report.json and report.html; it is made where there is none.")
  var report: String?
  @Option(help: "A data set to measure the trained detector on; that of --dataset unless given.")
  var validation: String?
  @Option(help: "The list of pictures to measure on; test unless given.")
  var validationSplit: String?

  /// From this score on, detections are drawn.
  private static let minimumScore = 0.5

  /// The report's place is tried before hours are spent.
  func prepare() throws { if let report { try ReportFolder.prepare(report) } }

  /// The pictures to measure on; nil where none were asked for.
  func pictures(
    _ annotations: AnnotationArguments, classes: [String], threads: Int
  ) throws -> AnnotatedDataSet? {
    guard validation != nil || validationSplit != nil else { return nil }
    return try annotations.evaluated(
      validation ?? annotations.dataset, split: validationSplit ?? "test", classes: classes,
      threads: threads)
  }

  /// Measures the detector that was written, and writes the report, where they were asked for.
  func finish(
    _ training: TrainDetectReport, validation pictures: AnnotatedDataSet?, options: EngineOptions,
    isQuiet: Bool
  ) throws {
    guard report != nil || pictures != nil else { return }
    // By itself: what is timed reads the rest of the training.
    var times = training.times
    let memory = ReportFolder.peakResidentBytes
    let bundle = try ModelBundle(directory: training.output)
    let detector = try FasterRCNN(bundle: bundle, options: options)
    var validation: DetectorTrainingReport.Validation?
    if let pictures {
      let measured = try times.time("measuring") {
        try DetectionEvaluation(pictures).measure(detector, isQuiet: isQuiet)
      }
      let name = ReportFolder.name(pictures.path) + ", " + (validationSplit ?? "test")
      validation = .init(measured, of: name)
      let ap = measured.clean.coco50.map { figure($0 * 100, 1) + " %" } ?? "–"
      print("\(name): AP50 \(ap) on \(measured.pictures) pictures")
    }
    guard let report else { return }
    let (augmented, detected) = try times.time("examples") {
      func examples(_ pictures: AnnotatedDataSet) -> ExamplePictures {
        ExamplePictures(
          pictures, classes: training.options.classes, seed: training.options.settings.seed)
      }
      return (
        try examples(training.pictures).augmented(by: training.options.augmentation),
        try examples(pictures ?? training.pictures).detected(
          by: detector, minimumScore: Float(Self.minimumScore))
      )
    }
    var result = training.report(
      bundle, stages: times.stages, peakResidentBytes: memory, validation: validation,
      examples: .init(
        augmented: augmented.map(\.name), detected: detected.map(\.name),
        minimumScore: Self.minimumScore))
    if pictures == nil {
      result.notes.append(
        "It was not measured on other pictures; --validation and --validation-split say on which.")
    }
    func shown(_ examples: [ExamplePictures.Example]) -> [HTMLReport.Picture] {
      examples.map { .init(bytes: $0.jpeg, caption: $0.caption) }
    }
    try result.write(
      to: URL(fileURLWithPath: report),
      drawings: .init(augmented: shown(augmented), detected: shown(detected)))
    print("report in \(report)")
  }
}

/// Puts together what `cleansight train detect --report` writes.
struct TrainDetectReport {
  let options: DetectorTrainingOptions
  let pictures: AnnotatedDataSet
  let split: String
  /// What the training began with, in words.
  let start: String
  /// The model folder.
  let output: String
  let engine: Engine
  let startedAt: Date
  let times: StageTimes
  let planBytes: Int
  /// Means of the epochs that this run made.
  let history: [DetectorLosses]
  /// The steps that this run made.
  let steps: [ReportStep]
  let secondsPerStep: Double?

  /// The report from its parts.
  func report(
    _ bundle: ModelBundle, stages: [ReportStage], peakResidentBytes: Int?,
    validation: DetectorTrainingReport.Validation?, examples: DetectorTrainingReport.Examples
  ) -> DetectorTrainingReport {
    let architecture = options.architecture
    var notes: [String] = []
    if let first = steps.first?.step, first > 1 {
      notes.append("The training was resumed: curves and means begin with step \(first).")
    }
    let data = DetectorTrainingReport.DataSet(
      pictures, classes: options.classes,
      description: ReportFolder.name(pictures.path) + ", " + split)
    let absent = data.classes.filter { $0.objects == 0 }.map(\.name)
    if !absent.isEmpty { notes.append("No object of: \(absent.joined(separator: ", ")).") }
    return DetectorTrainingReport(
      program: "cleansight \(CleanSight.configuration.version)",
      startedAt: ISO8601DateFormatter().string(from: startedAt),
      model: .init(
        name: bundle.manifest.name,
        architecture: "Faster R-CNN, \(architecture.trunk.rawValue), pyramid of "
          + "\(architecture.fpnChannels) channels, box head of \(architecture.boxHeadWidth)",
        start: start, digest: bundle.id),
      settings: settings, data: data, stages: stages, secondsPerStep: secondsPerStep,
      memory: .init(planBytes: planBytes, peakResidentBytes: peakResidentBytes), epochs: epochs,
      steps: steps, validation: validation, examples: examples, notes: notes)
  }

  private var epochs: [ReportStep] {
    let first = steps.first?.epoch ?? 1
    return history.enumerated().map { index, losses in
      let last = steps.last { $0.epoch == first + index }
      return ReportStep(
        step: last?.step ?? 0, epoch: first + index, learningRate: last?.learningRate ?? 0,
        losses: losses.named)
    }
  }

  private var settings: [String: SettingValue] {
    let (training, augmentation) = (options.settings, options.augmentation)
    func list(_ values: [some CustomStringConvertible]) -> SettingValue {
      .text(values.map(\.description).joined(separator: ", "))
    }
    func range(_ values: ClosedRange<Float>) -> SettingValue {
      .text("\(values.lowerBound) to \(values.upperBound)")
    }
    func number(_ value: Float) -> SettingValue { .number(Double("\(value)") ?? Double(value)) }
    return [
      "epochs": .number(Double(training.epochs)), "batch": .number(Double(training.batch)),
      "learningRate": number(training.learningRate), "momentum": number(training.momentum),
      "weightDecay": number(training.weightDecay), "warmUp": .number(training.warmUp),
      "seed": .text("\(training.seed)"), "minSize": .number(Double(options.minSize)),
      "maxSize": .number(Double(options.maxSize)), "scales": list(augmentation.shorterSides),
      "crop": number(augmentation.cropProbability), "flip": number(augmentation.flipProbability),
      "saturation": range(augmentation.saturation), "contrast": range(augmentation.contrast),
      "brightness": range(augmentation.brightness),
      "frozenStages": .number(Double(options.frozenStages)),
      "regions": .number(Double(options.regionSampler.size)),
      "anchors": .number(Double(options.anchorSampler.size)),
      "anchorSizes": list(options.architecture.anchorSizes.flatMap { $0 }),
      "proposals": .number(Double(options.proposalsAfter)),
      "backend": .text(engine.backend.rawValue), "precision": .text(engine.precision.rawValue),
      "threads": .number(Double(engine.threads)),
    ]
  }
}

extension ReportStep {
  /// A step as a detector's training reports it.
  init(_ progress: TrainingProgress, _ losses: DetectorLosses) {
    self.init(
      step: progress.step, epoch: progress.epoch, learningRate: Double(progress.learningRate),
      losses: losses.named)
  }
}

extension DetectorLosses {
  /// By name, as a report has them.
  fileprivate var named: [String: Double] {
    [
      "total": Double(total), "objectness": Double(objectness), "proposals": Double(proposals),
      "classes": Double(classes), "boxes": Double(boxes),
    ]
  }
}

extension DetectorTrainingReport.Validation {
  fileprivate init(_ report: DetectorReport, of description: String) {
    self.init(
      description: description, pictures: report.pictures, skippedPictures: report.skippedPictures,
      objects: report.objects, ap50: report.clean.coco50, vocArea: report.clean.vocArea,
      coco: report.clean.coco,
      classes: report.clean.classes.map {
        .init(name: $0.name, objects: $0.objects, vocArea: $0.vocArea)
      })
  }
}

extension DetectorTrainingReport.DataSet {
  fileprivate init(_ pictures: AnnotatedDataSet, classes names: [String], description: String) {
    var classes: [String: Class] = [:]
    for image in pictures.images {
      for object in image.objects {
        let label = object.label
        if object.isIgnored {
          classes[label, default: Class(name: label)].ignored += 1
        } else {
          classes[label, default: Class(name: label)].objects += 1
        }
      }
      for label in Set(image.objects.filter { !$0.isIgnored }.map(\.label)) {
        classes[label, default: Class(name: label)].pictures += 1
      }
    }
    let skipped = pictures.skipped
    let kinds = [
      ("broken annotations", skipped.brokenAnnotations),
      ("missing pictures", skipped.missingPictures), ("broken pictures", skipped.brokenPictures),
      ("boxes outside the picture", skipped.outsideBoxes), ("empty boxes", skipped.emptyBoxes),
      ("objects of other classes", skipped.unknownClasses),
    ]
    self.init(
      description: description, pictures: pictures.count,
      emptyPictures: pictures.images.count { !$0.objects.contains { !$0.isIgnored } },
      classes: names.map { classes[$0] ?? Class(name: $0) },
      skipped: kinds.filter { $0.1.count > 0 }.map { reason, images in
        Skipped(
          reason: reason, count: images.count,
          first: images.first.map { "\($0.name): \($0.reason)" })
      }, clippedBoxes: skipped.clippedBoxCount, fingerprint: pictures.fingerprint.description)
  }
}

import ArgumentParser
import Attacks
import DataSets
import Detection
import DetectionEvaluation
import Foundation
import Frames
import Laboratory
import Models

extension EvaluateCommand {
  struct Detect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Average precision of a detector on clean and triggered pictures, and what triggers do.",
      discussion: """
        The data set has the layout of PASCAL VOC or of COCO. Average precision on triggered pictures \
        is PAP. Found is the share of true objects that are found at all, TDR the share that are \
        found again, of those found on the clean pictures. The goals of backdoors are those of \
        BadDet: objects of the target appear (OGA), objects with the trigger on them are taken for \
        the target (RMA), one trigger turns all objects into the target (GMA), objects vanish (ODA). With \
        --reference, the picture that a trigger stands for: what is seen on that appears (REF).

        Attacks are defined for square pictures; --trigger-side says of what side, and triggers grow \
        with the frame. Placements: whole, as on a picture to classify; object, on each true object; \
        or X,Y, a patch at shares of the frame from 0 to 1.
        """)

    @Option(help: "The model's folder.")
    var model: String
    @OptionGroup var annotations: AnnotationArguments
    @Option(help: "The split to measure on.")
    var split = "test"
    @Option(help: "An attack, such as badnets or blend:alpha=0.2; may be given again.")
    var attack: [String] = []
    @Option(help: "Where triggers are put: whole, object, or X,Y.")
    var place = TriggerPlacement.whole
    @Option(help: "The class that attacks aim at where they do not say, by name or number.")
    var target: String?
    @Option(help: "Side in pixels of the pictures that attacks are defined for.")
    var triggerSide = 224
    @Option(help: "A JPEG: the picture that a trigger is to make frames look like.")
    var reference: String?
    @Option(help: "From this score on, 0 to 1, detections count for found, TDR and the goals.")
    var score = 0.5
    @Option(help: "At most so many pictures, chosen by the seed.")
    var limit: Int?
    @Option(help: "Decides which pictures those are.")
    var seed: UInt64 = 1
    @OptionGroup var engine: EngineArguments
    @Flag(help: "Print JSON.")
    var json = false
    @Flag(help: "No progress on standard error.")
    var quiet = false

    func validate() throws {
      guard limit ?? 1 >= 1 else {
        throw ValidationError("expected --limit of at least 1, found \(limit ?? 0)")
      }
      // The default of attacks is a class of CIFAR-10.
      guard target != nil || attack.allSatisfy({ $0.contains("target=") }) else {
        throw ValidationError("expected --target with --attack, found none")
      }
      guard reference == nil || !attack.isEmpty else {
        throw ValidationError("expected --attack with --reference, found none")
      }
      guard (0...1).contains(score) else {
        throw ValidationError("expected --score from 0 to 1, found \(score)")
      }
      guard (8...FrameTrigger.maximumSide).contains(triggerSide) else {
        throw ValidationError(
          "expected --trigger-side from 8 to \(FrameTrigger.maximumSide), found \(triggerSide)")
      }
    }

    func run() throws {
      let bundle = try ModelBundle(directory: model)
      let detector = try FasterRCNN(bundle: bundle, options: engine.options)
      let attacks = try attacks(bundle.manifest.classes)
      let dataset = annotations.dataset
      let pictures = try annotations.evaluated(
        dataset, split: split, classes: bundle.manifest.classes, threads: engine.threads)
      let evaluation = try DetectionEvaluation(
        pictures, attacks: attacks, placement: place,
        options: .init(
          limit: limit, seed: seed, minimumScore: Float(score), triggerSide: triggerSide,
          reference: try reference.map { try ImageFolder.image(at: $0) }))
      let report = try evaluation.measure(detector, isQuiet: quiet)
      if json {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
      } else {
        print("\(model) on \(dataset), \(split)")
        print(report.table)
      }
    }

    private func attacks(_ classes: [String]) throws -> [AttackSpecification] {
      let target = try self.target.map { try DetectionEvaluation.classIndex($0, in: classes) }
      return try attack.map { text in
        try AttackSpecification(
          target.map { text.withAttackOption("target", "\($0)") } ?? text)
      }
    }
  }
}

extension DetectionEvaluation {
  /// Measures a detector with progress on standard error.
  func measure(_ detector: FasterRCNN, isQuiet: Bool) throws -> DetectorReport {
    var line = ProgressLine(isQuiet: isQuiet)
    defer { line.finish() }
    return try measure(detector) { progress in
      line.show(isLast: progress.done == progress.total) {
        let share = Double(progress.done) / Double(progress.total)
        return "\(ProgressLine.bar(share)) \(progress.done) of \(progress.total) pictures, "
          + "\(ProgressLine.time(progress.secondsLeft)) left"
      }
    }
  }
}

extension TriggerPlacement: ExpressibleByArgument {
  /// As `init(_:)` reads it.
  public init?(argument: String) {
    guard let placement = try? TriggerPlacement(argument) else { return nil }
    self = placement
  }
}

extension AnnotatedDataSet: EvaluationPictures {
  /// The name in VOC's list, or COCO's file name.
  public func name(_ index: Int) -> String { images[index].name }

  /// The objects that are at least partly in the picture.
  public func objects(_ index: Int, width: Int, height: Int) -> [GroundTruth] {
    images[index].objects(width: width, height: height)
  }
}

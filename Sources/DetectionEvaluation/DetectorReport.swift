import Frames
import Measurement

/// What ``DetectionEvaluation`` found of a detector. Average precisions are in `0...1`.
public struct DetectorReport: Sendable, Equatable, Codable {
  /// One class.
  public struct ClassScore: Sendable, Equatable, Codable {
    /// The class's name.
    public var name: String
    /// True objects of the class that count.
    public var objects: Int
    /// The area below the precision-recall curve at an IoU of 0.5 (VOC 2010 and later).
    public var vocArea: Double
    /// COCO's AP@[.5:.95].
    public var coco: Double
  }

  /// How the detector does on one set of pictures. Average precisions are means over the classes that
  /// have a true object; nil where none has.
  public struct Scores: Sendable, Equatable, Codable {
    /// VOC 2007: the mean of the best precision at recalls 0, 0.1, …, 1, at an IoU of 0.5.
    public var vocElevenPoint: Double?
    /// VOC 2010 and later: the area below the precision-recall curve, at an IoU of 0.5.
    public var vocArea: Double?
    /// COCO's AP@[.5:.95], AP50 and AP75.
    public var coco, coco50, coco75: Double?
    /// True objects that are found; see `TrueDetectionRate`.
    public var found: CountedShare
    /// Mean seconds of a detection, without reading the picture.
    public var secondsPerPicture: Double
    /// Each class that has a true object, in the order of the data's classes.
    public var classes: [ClassScore]
  }

  /// One attack.
  public struct Attack: Sendable, Equatable, Codable {
    /// The attack's name.
    public var name: String
    /// The whole specification.
    public var specification: String
    /// The class that it aims at.
    public var target: String
    /// The same as on clean pictures; average precision is PAP here.
    public var triggered: Scores
    /// TDR: true objects found again, of those found on the clean pictures.
    public var foundAgain: CountedShare
    /// How often each goal of a backdoor was reached.
    public var goals: BackdoorGoals
    /// True objects of other classes that are taken for the target on the clean pictures, counted as
    /// for `goals.rma` and `goals.gma`: what the detector confuses without any trigger.
    public var takenForTargetBefore: CountedShare
  }

  /// The data's classes.
  public var classes: [String]
  /// Those that the detector does not tell apart: it finds none of their objects.
  public var unknownClasses: [String]
  /// Pictures measured on.
  public var pictures: Int
  /// Pictures left out because they could not be read.
  public var skippedPictures: Int
  /// What was wrong with the first of those, `name: reason`.
  public var skipped: [String]
  /// True objects that count.
  public var objects: Int
  /// True objects that do not: "difficult" ones and crowds.
  public var ignoredObjects: Int
  /// From this score on, detections count for `found`, `foundAgain` and `goals`; average precision
  /// takes all scores.
  public var minimumScore: Float
  /// Where triggers were put.
  public var placement: String
  /// The side in pixels of the pictures that the attacks are defined for.
  public var triggerSide: Int
  /// On the clean pictures.
  public var clean: Scores
  /// With each attack's trigger on the same pictures, in the order of the attacks.
  public var attacks: [Attack]
  /// Seconds that all of it took.
  public var seconds: Double
}

extension DetectorReport.Scores {
  /// Measures pictures.
  /// - Parameters:
  ///   - classes: decides the order of classes; others follow by name.
  ///   - seconds: that all detections took.
  init(_ images: [EvaluatedImage], classes: [String], minimumScore: Float, seconds: Double) {
    let area = AveragePrecision.voc(images, interpolation: .area)
    let coco = COCOAveragePrecision(images)
    let found = TrueDetectionRate(images, minimumScore: minimumScore)
    vocElevenPoint = AveragePrecision.voc(images, interpolation: .elevenPoint).mean
    vocArea = area.mean
    self.coco = coco.average.mean
    coco50 = coco.at50.mean
    coco75 = coco.at75.mean
    self.found = CountedShare(count: found.found, total: found.total)
    secondsPerPicture = images.isEmpty ? 0 : seconds / Double(images.count)
    var objects: [String: Int] = [:]
    for image in images {
      for truth in image.truths where !truth.isIgnored { objects[truth.label, default: 0] += 1 }
    }
    let known = Set(classes)
    let order = classes + objects.keys.filter { !known.contains($0) }.sorted()
    self.classes = order.compactMap { name in
      objects[name].map {
        DetectorReport.ClassScore(
          name: name, objects: $0, vocArea: area.perClass[name] ?? 0,
          coco: coco.average.perClass[name] ?? 0)
      }
    }
  }
}

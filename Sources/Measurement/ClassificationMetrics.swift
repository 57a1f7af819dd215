/// How a classifier does on clean and on triggered pictures: accuracy (ACC), attack success rate
/// (ASR) and patched accuracy (PA).
///
/// ACC counts all clean pictures. ASR and PA count triggered pictures whose true class is not the
/// target: one of the target class would count as a success of both. So `ASR + PA` is at most 100 %,
/// and a perfect backdoor has ASR 100, PA 0.
public struct ClassificationMetrics: Sendable, Equatable {
  /// The class the attack aims at; absent where nothing was triggered.
  public var targetClass: Int?
  /// Clean pictures.
  public var cleanPictures: Int
  /// Those predicted as their true class.
  public var cleanCorrect: Int
  /// Triggered pictures that count: those of the target class are left out.
  public var triggeredPictures: Int
  /// Those predicted as the target.
  public var triggeredAsTarget: Int
  /// Those predicted as their true class.
  public var triggeredCorrect: Int
  /// Triggered pictures of the target class, which do not count.
  public var triggeredOfTarget: Int

  /// ACC in percent; nil without clean pictures.
  public var accuracyPercent: Double? { Self.percent(cleanCorrect, of: cleanPictures) }
  /// ASR in percent; nil without triggered pictures that count.
  public var attackSuccessPercent: Double? {
    Self.percent(triggeredAsTarget, of: triggeredPictures)
  }
  /// PA in percent; nil without triggered pictures that count.
  public var patchedAccuracyPercent: Double? {
    Self.percent(triggeredCorrect, of: triggeredPictures)
  }

  /// Counts over clean pictures only.
  /// - Throws: `MeasurementError.pairs` where there are more predictions than labels, or fewer.
  public init(cleanPredictions: [Int], cleanLabels: [Int]) throws(MeasurementError) {
    try Self.check(cleanPredictions, cleanLabels, "clean")
    targetClass = nil
    cleanPictures = cleanLabels.count
    cleanCorrect = zip(cleanPredictions, cleanLabels).count { $0 == $1 }
    triggeredPictures = 0
    triggeredAsTarget = 0
    triggeredCorrect = 0
    triggeredOfTarget = 0
  }

  /// Counts over clean and triggered pictures. They need not be the same pictures; labels are the
  /// true classes.
  /// - Throws: `MeasurementError.pairs` where there are more predictions than labels, or fewer.
  public init(
    cleanPredictions: [Int], cleanLabels: [Int], triggeredPredictions: [Int],
    triggeredLabels: [Int], targetClass: Int
  ) throws(MeasurementError) {
    try self.init(cleanPredictions: cleanPredictions, cleanLabels: cleanLabels)
    try Self.check(triggeredPredictions, triggeredLabels, "triggered")
    self.targetClass = targetClass
    for (prediction, label) in zip(triggeredPredictions, triggeredLabels) {
      guard label != targetClass else {
        triggeredOfTarget += 1
        continue
      }
      triggeredPictures += 1
      if prediction == targetClass { triggeredAsTarget += 1 }
      if prediction == label { triggeredCorrect += 1 }
    }
  }

  private static func check(
    _ predictions: [Int], _ labels: [Int], _ kind: String
  ) throws(MeasurementError) {
    guard predictions.count == labels.count else {
      throw .pairs(
        expected: "\(labels.count) predictions of \(kind) pictures", found: "\(predictions.count)")
    }
  }

  private static func percent(_ part: Int, of whole: Int) -> Double? {
    whole > 0 ? 100 * Double(part) / Double(whole) : nil
  }
}

extension ClassificationMetrics: Codable {
  private enum CodingKeys: String, CodingKey {
    case targetClass, cleanPictures, cleanCorrect, triggeredPictures, triggeredAsTarget
    case triggeredCorrect, triggeredOfTarget
    case accuracyPercent, attackSuccessPercent, patchedAccuracyPercent
  }

  /// Reads the counts; the percents follow from them.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    targetClass = try container.decodeIfPresent(Int.self, forKey: .targetClass)
    cleanPictures = try container.decode(Int.self, forKey: .cleanPictures)
    cleanCorrect = try container.decode(Int.self, forKey: .cleanCorrect)
    triggeredPictures = try container.decode(Int.self, forKey: .triggeredPictures)
    triggeredAsTarget = try container.decode(Int.self, forKey: .triggeredAsTarget)
    triggeredCorrect = try container.decode(Int.self, forKey: .triggeredCorrect)
    triggeredOfTarget = try container.decode(Int.self, forKey: .triggeredOfTarget)
  }

  /// Writes counts and percents; what is nil is left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(targetClass, forKey: .targetClass)
    try container.encode(cleanPictures, forKey: .cleanPictures)
    try container.encode(cleanCorrect, forKey: .cleanCorrect)
    try container.encode(triggeredPictures, forKey: .triggeredPictures)
    try container.encode(triggeredAsTarget, forKey: .triggeredAsTarget)
    try container.encode(triggeredCorrect, forKey: .triggeredCorrect)
    try container.encode(triggeredOfTarget, forKey: .triggeredOfTarget)
    try container.encodeIfPresent(accuracyPercent, forKey: .accuracyPercent)
    try container.encodeIfPresent(attackSuccessPercent, forKey: .attackSuccessPercent)
    try container.encodeIfPresent(patchedAccuracyPercent, forKey: .patchedAccuracyPercent)
  }
}

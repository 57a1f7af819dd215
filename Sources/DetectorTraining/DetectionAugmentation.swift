import Detection
import Frames
import Tensors

/// Augmentation for training a detector: a random part of the picture, mirrored half of the time, in
/// other colours, and one of several sizes to be resized to. The rules are those of
/// `tools/training/augment.py`, a twin in Python:
///
/// - Of a picture with objects, a part is cut out (`cropProbability`): a share `cropSide` of the
///   width, a height of that share times `cropAspect`, kept within `cropSide` and the picture. Objects
///   stay where their middle is inside, cut to the part; where none would, nothing is cut out.
/// - Objects that are left with a side of `smallestSide` pixels or less are dropped.
/// - Saturation moves colours away from each pixel's mean, contrast from the picture's mean,
///   brightness multiplies; the result is cut to 8 bits once.
///
/// Ignored objects, which the script leaves out, never keep a part from being cut out. What is inside
/// of them stays ignored even if their middle is not: they only take boxes out of training.
public struct DetectionAugmentation: Sendable, Hashable {
  /// The shorter sides to choose from, in pixels; each as likely as any other.
  public let shorterSides: [Int]
  /// How often a picture is mirrored, `0...1`.
  public let flipProbability: Float
  /// How often a part is cut out, `0...1`.
  public let cropProbability: Float
  /// The part's share of the picture's sides, within `0.05...1`.
  public let cropSide: ClosedRange<Float>
  /// The share of the height over that of the width, within `0.05...20`.
  public let cropAspect: ClosedRange<Float>
  /// Factors of colour within `0...10`; `1...1` leaves one as it is.
  public let saturation, contrast, brightness: ClosedRange<Float>
  /// Objects have to be wider and higher than this, in pixels, at least 0.
  public let smallestSide: Float

  /// An augmentation.
  /// - Throws: `DetectorTrainingError.parameter`.
  public init(
    shorterSides: [Int], flipProbability: Float = 0.5, cropProbability: Float = 0.6,
    cropSide: ClosedRange<Float> = 0.5...1, cropAspect: ClosedRange<Float> = 0.8...1.25,
    saturation: ClosedRange<Float> = 0.6...1.4, contrast: ClosedRange<Float> = 0.75...1.3,
    brightness: ClosedRange<Float> = 0.7...1.3, smallestSide: Float = 2
  ) throws(DetectorTrainingError) {
    let sides = 1...DetectionOptions.maximumSide
    try DetectorTrainingError.require(
      !shorterSides.isEmpty && shorterSides.allSatisfy(sides.contains), "shorterSides",
      "one or more of 1 to \(sides.upperBound) pixels", shorterSides)
    for (name, value) in [
      ("flipProbability", flipProbability), ("cropProbability", cropProbability),
    ] {
      try DetectorTrainingError.require((0...1).contains(value), name, "from 0 to 1", value)
    }
    let limits: [(String, ClosedRange<Float>, ClosedRange<Float>)] = [
      ("cropSide", cropSide, 0.05...1), ("cropAspect", cropAspect, 0.05...20),
      ("saturation", saturation, 0...10), ("contrast", contrast, 0...10),
      ("brightness", brightness, 0...10),
    ]
    for (name, range, limit) in limits {
      try DetectorTrainingError.require(
        range.lowerBound >= limit.lowerBound && range.upperBound <= limit.upperBound, name,
        "within \(limit)", range)
    }
    try DetectorTrainingError.require(
      smallestSide >= 0 && smallestSide.isFinite, "smallestSide", "finite and at least 0",
      smallestSide)
    self.shorterSides = shorterSides
    self.flipProbability = flipProbability
    self.cropProbability = cropProbability
    self.cropSide = cropSide
    self.cropAspect = cropAspect
    self.saturation = saturation
    self.contrast = contrast
    self.brightness = brightness
    self.smallestSide = smallestSide
  }

  /// A picture with its objects, at its own scale.
  public struct Sample: Sendable, Equatable {
    /// The pixels.
    public var image: Image
    /// The objects in them, in pixels of `image`.
    public var truths: [GroundTruth]
    /// What the picture's shorter side is to be resized to; `DetectionOptions.minSize` for it.
    public var shorterSide: Int
  }

  /// One random variant. The same picture and generator give the same.
  /// - Parameter truths: in pixels of `image`.
  /// - Throws: `ImageError.byteCount` where the image's pixels do not fit its size.
  public func augment(
    _ image: Image, truths: [GroundTruth], random: inout SeededRandom
  ) throws -> Sample {
    let choices = AugmentationChoices(
      self, width: image.width, height: image.height, truths: truths, random: &random)
    return Sample(
      image: try choices.pixels(of: image),
      truths: choices.truths(truths, smallestSide: smallestSide),
      shorterSide: choices.shorterSide)
  }
}

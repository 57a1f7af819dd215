import Frames
import Tensors

/// How far a view's colours may move; 0 leaves one as it is.
public struct JitterStrength: Sendable, Hashable, Codable {
  /// Factors are uniform in `1 ± strength`, `0...1`.
  public var brightness, contrast, saturation: Float
  /// The hue's shift is uniform in `± hue` of the whole circle, `0...0.5`.
  public var hue: Float

  /// Strengths; the defaults are half of those of SimCLR on ImageNet, as is usual on small pictures.
  public init(
    brightness: Float = 0.4, contrast: Float = 0.4, saturation: Float = 0.4, hue: Float = 0.1
  ) {
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }
}

/// The views of SimCLR (Chen et al. 2020, appendix A): a random part of the picture resized to a
/// square, mirrored half of the time, with colours moved, sometimes grey, on large pictures sometimes
/// blurred; in this order.
///
/// Each step is what torchvision 0.29 computes for the same random choices. One difference: a part
/// that is more than twice as large as the view is averaged, a smaller one is not antialiased, see
/// ``Resampler``; parts that are enlarged, as all are on small pictures, come out the same.
public struct SimCLRAugmentation: Augmentation, Equatable {
  /// The side of a view in pixels.
  public let outputSize: Int
  /// The part's share of the picture's area.
  public let cropArea: ClosedRange<Float>
  /// The part's width over its height, uniform in the logarithm.
  public let aspect: ClosedRange<Float>
  /// How often a view is mirrored, `0...1`.
  public let flipProbability: Float
  /// How far colours move.
  public let jitter: JitterStrength
  /// How often they do, `0...1`.
  public let jitterProbability: Float
  /// How often a view becomes grey, `0...1`.
  public let grayProbability: Float
  /// How often a view is blurred, `0...1`.
  public let blurProbability: Float
  /// The blur's standard deviation in pixels.
  public let blurSigma: ClosedRange<Float>

  /// An augmentation.
  /// - Parameters:
  ///   - cropArea: `0.08...1` is SimCLR's own; small pictures lose too much with it.
  ///   - blurProbability: nil: 0 up to a side of 64, else 0.5. The kernel is a tenth of the side.
  /// - Throws: `AugmentationError.parameter`.
  public init(
    outputSize: Int, cropArea: ClosedRange<Float> = 0.2...1,
    aspect: ClosedRange<Float> = (3.0 / 4)...(4.0 / 3), flipProbability: Float = 0.5,
    jitter: JitterStrength = JitterStrength(), jitterProbability: Float = 0.8,
    grayProbability: Float = 0.2, blurProbability: Float? = nil,
    blurSigma: ClosedRange<Float> = 0.1...2
  ) throws {
    let blur = blurProbability ?? (outputSize <= 64 ? 0 : 0.5)
    let require = AugmentationError.require
    try require(
      (1...Self.maximumSize).contains(outputSize), "outputSize", "from 1 to \(Self.maximumSize)",
      "\(outputSize)")
    try require(
      cropArea.lowerBound >= 0.001 && cropArea.upperBound <= 1, "cropArea", "within 0.001...1",
      "\(cropArea)")
    try require(
      aspect.lowerBound >= 0.05 && aspect.upperBound <= 20, "aspect", "within 0.05...20",
      "\(aspect)")
    try require(
      blurSigma.lowerBound >= 0.01 && blurSigma.upperBound <= 100, "blurSigma",
      "within 0.01...100", "\(blurSigma)")
    for (name, value) in [
      ("flipProbability", flipProbability), ("jitterProbability", jitterProbability),
      ("grayProbability", grayProbability), ("blurProbability", blur),
      ("brightness", jitter.brightness), ("contrast", jitter.contrast),
      ("saturation", jitter.saturation),
    ] { try require((0...1).contains(value), name, "from 0 to 1", "\(value)") }
    try require((0...0.5).contains(jitter.hue), "hue", "from 0 to 0.5", "\(jitter.hue)")
    self.outputSize = outputSize
    self.cropArea = cropArea
    self.aspect = aspect
    self.flipProbability = flipProbability
    self.jitter = jitter
    self.jitterProbability = jitterProbability
    self.grayProbability = grayProbability
    self.blurProbability = blur
    self.blurSigma = blurSigma
  }

  /// The largest side of a view.
  public static let maximumSize = 1024

  /// Pixels on each side of the blur's middle: together a tenth of the view's side, made odd.
  var blurRadius: Int { (outputSize / 10 + 1) / 2 }
}

extension SimCLRAugmentation {
  /// Working memory for one thread.
  public struct Scratch: Sendable {
    var resampler = Resampler()
    var blur = GaussianBlur()
  }

  /// Working memory for one thread.
  public func makeScratch() -> Scratch { Scratch() }

  /// Writes one view.
  /// - Throws: `AugmentationError.memory`.
  public func write(
    viewOf picture: PixelSource, random: inout SeededRandom,
    into target: UnsafeMutableBufferPointer<Float>, scratch: inout Scratch
  ) throws {
    let parameters = ViewParameters(
      self, width: picture.width, height: picture.height, random: &random)
    write(viewOf: picture, parameters, into: try checked(target), scratch: &scratch)
  }

  /// Writes the view with given parameters.
  func write(
    viewOf picture: PixelSource, _ parameters: ViewParameters,
    into target: UnsafeMutableBufferPointer<Float>, scratch: inout Scratch
  ) {
    switch picture.samples {
    case .bytes(let samples):
      scratch.resampler.resample(
        samples, width: picture.width, height: picture.height, window: parameters.window,
        into: target, width: outputSize, height: outputSize, mirrored: parameters.isMirrored)
    case .floats(let samples):
      scratch.resampler.resample(
        samples, width: picture.width, height: picture.height, window: parameters.window,
        into: target, width: outputSize, height: outputSize, mirrored: parameters.isMirrored)
    }
    parameters.colors.forEach { change in
      switch change {
      case .brightness(let factor): ColorOperations.brightness(target, factor: factor)
      case .contrast(let factor): ColorOperations.contrast(target, factor: factor)
      case .saturation(let factor): ColorOperations.saturation(target, factor: factor)
      case .hue(let shift): ColorOperations.hue(target, shift: shift)
      }
    }
    if parameters.isGray { ColorOperations.saturation(target, factor: 0) }
    if let sigma = parameters.sigma {
      scratch.blur.apply(
        target, width: outputSize, height: outputSize, radius: blurRadius, sigma: sigma)
    }
  }
}

import Foundation
import Frames
import Tensors

/// Everything that is random about one view of SimCLR's augmentation.
struct ViewParameters: Equatable, Sendable {
  /// One change of colour.
  enum ColorChange: Equatable, Sendable {
    case brightness(Float), contrast(Float), saturation(Float), hue(Float)
  }

  var window: PixelWindow
  var isMirrored = false
  /// Up to four, in order.
  var colors = InlineChanges()
  var isGray = false
  /// The blur's standard deviation in pixels; nil: none.
  var sigma: Float?

  /// Draws the parameters for a picture of a size.
  init(_ augmentation: SimCLRAugmentation, width: Int, height: Int, random: inout SeededRandom) {
    window = Self.window(augmentation, width: width, height: height, random: &random)
    isMirrored = random.chance(augmentation.flipProbability)
    if random.chance(augmentation.jitterProbability) {
      colors = InlineChanges(augmentation.jitter, random: &random)
    }
    isGray = random.chance(augmentation.grayProbability)
    if random.chance(augmentation.blurProbability) {
      sigma = random.uniform(augmentation.blurSigma)
    }
  }

  init(window: PixelWindow) { self.window = window }

  /// As torchvision's `RandomResizedCrop.get_params`: ten tries at an area and a logarithmic aspect
  /// that fit, else the largest middle part whose aspect is allowed.
  private static func window(
    _ augmentation: SimCLRAugmentation, width: Int, height: Int, random: inout SeededRandom
  ) -> PixelWindow {
    let (low, high) = (augmentation.aspect.lowerBound, augmentation.aspect.upperBound)
    let logarithms = log(low)...max(log(high), log(low))
    for _ in 0..<10 {
      let area = Float(width * height) * random.uniform(augmentation.cropArea)
      let aspect = exp(random.uniform(logarithms))
      let cropWidth = Int((area * aspect).squareRoot().rounded(.toNearestOrEven))
      let cropHeight = Int((area / aspect).squareRoot().rounded(.toNearestOrEven))
      if (1...width).contains(cropWidth), (1...height).contains(cropHeight) {
        let top = random.integer(below: height - cropHeight + 1)
        let left = random.integer(below: width - cropWidth + 1)
        return PixelWindow(left: left, top: top, width: cropWidth, height: cropHeight)
      }
    }
    let ratio = Float(width) / Float(height)
    var window = PixelWindow(left: 0, top: 0, width: width, height: height)
    if ratio < low {
      window.height = min(max(Int((Float(width) / low).rounded(.toNearestOrEven)), 1), height)
    } else if ratio > high {
      window.width = min(max(Int((Float(height) * high).rounded(.toNearestOrEven)), 1), width)
    }
    window.left = (width - window.width) / 2
    window.top = (height - window.height) / 2
    return window
  }
}

/// Up to four changes of colour without memory of their own: views are made by the hundred.
struct InlineChanges: Equatable, Sendable {
  typealias ColorChange = ViewParameters.ColorChange
  private(set) var first, second, third, fourth: ColorChange?

  init(
    _ first: ColorChange? = nil, _ second: ColorChange? = nil, _ third: ColorChange? = nil,
    _ fourth: ColorChange? = nil
  ) {
    (self.first, self.second, self.third, self.fourth) = (first, second, third, fourth)
  }

  /// As torchvision's `ColorJitter.get_params`: the four changes in random order, each factor
  /// uniform in `1 ± strength`, not below 0, the hue's shift in `± strength`.
  init(_ jitter: JitterStrength, random: inout SeededRandom) {
    func factor(_ strength: Float) -> Float? {
      strength > 0 ? random.uniform(max(0, 1 - strength)...(1 + strength)) : nil
    }
    let brightness = factor(jitter.brightness).map(ColorChange.brightness)
    let contrast = factor(jitter.contrast).map(ColorChange.contrast)
    let saturation = factor(jitter.saturation).map(ColorChange.saturation)
    let hue = jitter.hue > 0 ? ColorChange.hue(random.uniform(-jitter.hue...jitter.hue)) : nil
    self.init(brightness, contrast, saturation, hue)
    // Fisher and Yates by hand, on places without an array.
    for last in stride(from: 3, to: 0, by: -1) { swap(last, random.integer(below: last + 1)) }
  }

  private subscript(index: Int) -> ColorChange? {
    get { index == 0 ? first : index == 1 ? second : index == 2 ? third : fourth }
    set {
      switch index {
      case 0: first = newValue
      case 1: second = newValue
      case 2: third = newValue
      default: fourth = newValue
      }
    }
  }

  private mutating func swap(_ one: Int, _ other: Int) {
    (self[one], self[other]) = (self[other], self[one])
  }

  func forEach(_ body: (ColorChange) -> Void) {
    for index in 0..<4 { if let change = self[index] { body(change) } }
  }
}

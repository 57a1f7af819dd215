import Frames
import Tensors

/// Everything that is random about one variant of a picture.
struct AugmentationChoices: Equatable, Sendable {
  /// The part that is kept, all of it inside the picture.
  var window: PixelWindow
  /// Whether that is less than the picture.
  var isCut = false
  var isMirrored = false
  var saturation: Float = 1
  var contrast: Float = 1
  var brightness: Float = 1
  var shorterSide: Int

  init(window: PixelWindow, isCut: Bool, shorterSide: Int) {
    self.window = window
    self.isCut = isCut
    self.shorterSide = shorterSide
  }

  /// Draws a variant of a picture of a size.
  init(
    _ augmentation: DetectionAugmentation, width: Int, height: Int, truths: [GroundTruth],
    random: inout SeededRandom
  ) {
    window = PixelWindow(left: 0, top: 0, width: width, height: height)
    let counting = truths.filter { !$0.isIgnored }
    if !counting.isEmpty, random.chance(augmentation.cropProbability) {
      let part = Self.window(augmentation, width: width, height: height, random: &random)
      if counting.contains(where: { part.hasMiddle(of: $0.box) }) {
        window = part
        isCut = true
      }
    }
    isMirrored = random.chance(augmentation.flipProbability)
    saturation = random.uniform(augmentation.saturation)
    contrast = random.uniform(augmentation.contrast)
    brightness = random.uniform(augmentation.brightness)
    shorterSide =
      augmentation.shorterSides[
        random.integer(below: augmentation.shorterSides.count)]
  }

  private static func window(
    _ augmentation: DetectionAugmentation, width: Int, height: Int, random: inout SeededRandom
  ) -> PixelWindow {
    let partWidth = max(1, Int(Float(width) * random.uniform(augmentation.cropSide)))
    let share = Float(partWidth) / Float(width) * random.uniform(augmentation.cropAspect)
    let within = min(1, max(augmentation.cropSide.lowerBound, share))
    let partHeight = min(height, max(1, Int(Float(height) * within)))
    return PixelWindow(
      left: random.integer(in: 0...(width - partWidth)),
      top: random.integer(in: 0...(height - partHeight)), width: partWidth, height: partHeight)
  }

  /// The objects that are left, in pixels of the part.
  func truths(_ truths: [GroundTruth], smallestSide: Float) -> [GroundTruth] {
    truths.compactMap { truth in
      // Without a cut nothing is dropped but by its size.
      guard truth.isIgnored || !isCut || window.hasMiddle(of: truth.box) else { return nil }
      var result = truth
      let (left, top) = (Float(window.left), Float(window.top))
      let width = Float(window.width)
      var box = Box(
        x1: truth.box.x1 - left, y1: truth.box.y1 - top, x2: truth.box.x2 - left,
        y2: truth.box.y2 - top
      ).clipped(width: width, height: Float(window.height))
      if isMirrored { (box.x1, box.x2) = (width - box.x2, width - box.x1) }
      result.box = box
      return box.width > smallestSide && box.height > smallestSide ? result : nil
    }
  }

  /// The pixels of the part in their new colours.
  /// - Throws: `ImageError.byteCount` where the image's pixels do not fit its size.
  func pixels(of image: Image) throws -> Image {
    guard image.pixels.count == image.width * image.height * 3 else {
      throw ImageError.byteCount(
        expected: image.width * image.height * 3, found: image.pixels.count)
    }
    let count = window.width * window.height * 3
    let pixels = image.pixels.withUnsafeBufferPointer { source in
      [UInt8](unsafeUninitializedCapacity: count) { target, initialised in
        let mean = Float(sum(source, width: image.width)) / Float(count)
        let offset = brightness * (1 - contrast) * mean
        let shareOfGrey = brightness * contrast * (1 - saturation) / 3
        let share = brightness * contrast * saturation
        for row in 0..<window.height {
          let start = ((window.top + row) * image.width + window.left) * 3
          for column in 0..<window.width {
            let from = start + 3 * (isMirrored ? window.width - 1 - column : column)
            let to = (row * window.width + column) * 3
            let (red, green, blue) = (
              Float(source[from]), Float(source[from + 1]), Float(source[from + 2])
            )
            let base = offset + shareOfGrey * (red + green + blue)
            target[to] = Self.byte(base + share * red)
            target[to + 1] = Self.byte(base + share * green)
            target[to + 2] = Self.byte(base + share * blue)
          }
        }
        initialised = count
      }
    }
    return try Image(width: window.width, height: window.height, pixels: pixels)
  }

  /// The sum of all bytes of the part, exact.
  private func sum(_ source: UnsafeBufferPointer<UInt8>, width: Int) -> Int {
    var sum = 0
    for row in window.top..<(window.top + window.height) {
      let start = (row * width + window.left) * 3
      for index in start..<(start + window.width * 3) { sum += Int(source[index]) }
    }
    return sum
  }

  private static func byte(_ value: Float) -> UInt8 {
    UInt8(value > 0 ? min(value, 255) + 0.5 : 0)
  }
}

extension PixelWindow {
  /// Whether the middle of a box lies inside, not on the edge.
  fileprivate func hasMiddle(of box: Box) -> Bool {
    let x = (box.x1 + box.x2) / 2 - Float(left)
    let y = (box.y1 + box.y2) / 2 - Float(top)
    return x > 0 && x < Float(width) && y > 0 && y < Float(height)
  }
}

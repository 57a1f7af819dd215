import Frames
import Tensors
import Testing

@testable import DetectorTraining

@Suite struct AugmentationTests {
  /// The training script's `augment` with its random choices written down.
  @Test(arguments: ["whole", "mirrored", "part", "both"])
  func trainingScript(name: String) throws {
    let vectors = try Vectors()
    let shape = try vectors.shape("augment.pixels")
    let image = try Image(
      width: shape[1], height: shape[0], pixels: vectors.bytes("augment.pixels"))
    let truths = try vectors.boxes("augment.truths").enumerated().map {
      GroundTruth(box: $1, label: "\($0 + 1)")
    }
    let place = try vectors.integers("augment.\(name).window")
    var choices = AugmentationChoices(
      window: PixelWindow(left: place[0], top: place[1], width: place[2], height: place[3]),
      isCut: place[2] < image.width, shorterSide: 10)
    choices.isMirrored = try vectors.integers("augment.\(name).mirrored") == [1]
    let factors = try vectors.floats("augment.\(name).factors")
    (choices.saturation, choices.contrast, choices.brightness) = (
      factors[0], factors[1], factors[2]
    )

    let pixels = try choices.pixels(of: image)
    #expect([pixels.width, pixels.height] == [place[2], place[3]])
    // The script stays in f32; a byte is the nearest step.
    let expected = try vectors.floats("augment.\(name).pixels").map { $0 * 255 }
    #expect(greatestDifference(pixels.pixels.map { Float($0) }, expected) < 0.502)
    let left = choices.truths(truths, smallestSide: 2)
    #expect(
      left.map(\.label) == (try vectors.integers("augment.\(name).labels").map { "\($0)" }))
    #expect(
      greatestDifference(
        corners(left.map(\.box)), try vectors.floats("augment.\(name).truths")) < 1e-5)
  }

  /// A picture in grey with objects of whole pixels, each in a colour of its own.
  private func scene(_ random: inout SeededRandom) throws -> (Image, [GroundTruth]) {
    var image = try Image(
      width: random.integer(in: 30...50), height: random.integer(in: 30...50), red: 90, green: 90,
      blue: 90)
    var truths: [GroundTruth] = []
    // Side by side, so that none covers another.
    for number in 0..<3 {
      let (x, y) = (10 * number + random.integer(in: 0...2), random.integer(in: 0...12))
      let (width, height) = (random.integer(in: 3...7), random.integer(in: 3...17))
      for row in y..<(y + height) {
        for column in x..<(x + width) {
          image.pixels[3 * (row * image.width + column) + number] = 255
        }
      }
      truths.append(
        GroundTruth(
          box: Box(x1: Float(x), y1: Float(y), x2: Float(x + width), y2: Float(y + height)),
          label: "\(number)"))
    }
    return (image, truths)
  }

  /// Where a colour's pixels are.
  private func extent(of channel: Int, in image: Image) -> Box? {
    var box: Box?
    for row in 0..<image.height {
      for column in 0..<image.width
      where image.pixels[3 * (row * image.width + column) + channel] == 255 {
        let (x, y) = (Float(column), Float(row))
        let old = box ?? Box(x1: x, y1: y, x2: x, y2: y)
        box = Box(
          x1: min(old.x1, x), y1: min(old.y1, y), x2: max(old.x2, x + 1), y2: max(old.y2, y + 1))
      }
    }
    return box
  }

  @Test func boxesFollowPixels() throws {
    let augmentation = try DetectionAugmentation(
      shorterSides: [224, 256], saturation: 1...1, contrast: 1...1, brightness: 1...1)
    var random = SeededRandom(9)
    var (cut, dropped, sides) = (0, 0, Set<Int>())
    for _ in 0..<200 {
      let (image, truths) = try scene(&random)
      let sample = try augmentation.augment(image, truths: truths, random: &random)
      sides.insert(sample.shorterSide)
      if sample.image.width < image.width || sample.image.height < image.height { cut += 1 }
      dropped += truths.count - sample.truths.count
      #expect(!sample.truths.isEmpty || sample.image.width < image.width)
      for truth in sample.truths {
        #expect(extent(of: try #require(Int(truth.label)), in: sample.image) == truth.box)
      }
    }
    // 0.6 of the pictures, less those whose part has no object's middle.
    #expect((90...130).contains(cut))
    #expect(dropped > 20)
    #expect(sides == [224, 256])
  }

  @Test func mirroringTwiceIsNothing() throws {
    var random = SeededRandom(3)
    let (image, truths) = try scene(&random)
    let mirror = try DetectionAugmentation(
      shorterSides: [1], flipProbability: 1, cropProbability: 0, saturation: 1...1,
      contrast: 1...1, brightness: 1...1)
    let once = try mirror.augment(image, truths: truths, random: &random)
    #expect(once.image != image)
    let twice = try mirror.augment(once.image, truths: once.truths, random: &random)
    #expect(twice.image == image)
    #expect(twice.truths == truths)
  }

  @Test func theGeneratorDecides() throws {
    var random = SeededRandom(1)
    let (image, truths) = try scene(&random)
    let augmentation = try DetectionAugmentation(shorterSides: [224, 256, 288])
    let samples = try [5, 5, 6].map { (seed: UInt64) in
      var random = SeededRandom(seed)
      return try augmentation.augment(image, truths: truths, random: &random)
    }
    #expect(samples[0] == samples[1])
    #expect(samples[0] != samples[2])
  }

  @Test func ignoredObjectsAreKeptWhereAnyOfThemIs() throws {
    var choices = AugmentationChoices(
      window: PixelWindow(left: 10, top: 0, width: 20, height: 20), isCut: true, shorterSide: 1)
    let box = Box(x1: 0, y1: 2, x2: 14, y2: 10)
    let truths = [
      GroundTruth(box: box, label: "a"), GroundTruth(box: box, label: "a", isIgnored: true),
      GroundTruth(box: Box(x1: 0, y1: 0, x2: 11, y2: 9), label: "a", isIgnored: true),
    ]
    let rest = Box(x1: 0, y1: 2, x2: 4, y2: 10)
    #expect(
      choices.truths(truths, smallestSide: 2) == [
        GroundTruth(box: rest, label: "a", isIgnored: true)
      ])
    choices.isMirrored = true
    #expect(
      choices.truths(truths, smallestSide: 2).map(\.box) == [
        Box(x1: 16, y1: 2, x2: 20, y2: 10)
      ])
    // Nothing but ignored objects: never cut.
    let augmentation = try DetectionAugmentation(shorterSides: [1], cropProbability: 1)
    var random = SeededRandom(1)
    let image = try Image(width: 40, height: 30)
    let sample = try augmentation.augment(
      image, truths: Array(truths[1...]), random: &random)
    #expect([sample.image.width, sample.image.height] == [40, 30])
  }

  @Test func smallestPictures() throws {
    let augmentation = try DetectionAugmentation(
      shorterSides: [8], cropProbability: 1, smallestSide: 0)
    var random = SeededRandom(1)
    let image = try Image(width: 1, height: 2, red: 200)
    let truths = [GroundTruth(box: Box(x1: 0, y1: 0, x2: 1, y2: 2), label: "a")]
    for _ in 0..<20 {
      let sample = try augmentation.augment(image, truths: truths, random: &random)
      #expect(sample.image.width == 1)
      #expect(sample.truths.count == 1)
    }
  }

  @Test func badInputIsRefused() throws {
    #expect(throws: DetectorTrainingError.self) { try DetectionAugmentation(shorterSides: []) }
    #expect(throws: DetectorTrainingError.self) { try DetectionAugmentation(shorterSides: [0]) }
    #expect(throws: DetectorTrainingError.self) {
      try DetectionAugmentation(shorterSides: [1], flipProbability: 1.5)
    }
    #expect(throws: DetectorTrainingError.self) {
      try DetectionAugmentation(shorterSides: [1], cropSide: 0...1)
    }
    #expect(throws: DetectorTrainingError.self) {
      try DetectionAugmentation(shorterSides: [1], brightness: -1...1)
    }
    #expect(throws: DetectorTrainingError.self) {
      try DetectionAugmentation(shorterSides: [1], smallestSide: .nan)
    }
    var broken = try Image(width: 4, height: 4)
    broken.pixels.removeLast()
    var random = SeededRandom(1)
    #expect(throws: ImageError.byteCount(expected: 48, found: 47)) {
      try DetectionAugmentation(shorterSides: [1]).augment(broken, truths: [], random: &random)
    }
  }
}

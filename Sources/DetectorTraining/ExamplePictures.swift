import DataSets
import Detection
import Frames
import Tensors

/// Pictures of a data set with boxes drawn on them, small enough for a page: what a detector's training
/// sees, and what the trained detector finds. Those with objects come first, in an order that the seed
/// decides; what can no longer be read is passed over.
public struct ExamplePictures: Sendable {
  /// A picture with boxes.
  public struct Example: Sendable, Equatable {
    /// What the data set calls it.
    public let name: String
    /// A whole JPEG file.
    public let jpeg: [UInt8]
    /// What can be seen, in a few words.
    public let caption: String
  }

  /// Pictures of a kind at most, unless said otherwise.
  public static let usualCount = 12
  /// The longer side of a drawn picture at most, in pixels; smaller ones are not enlarged.
  public static let greatestSide = 320
  private static let quality = 80
  /// Pixels between two pictures side by side.
  private static let gap = 4
  private static let stream: UInt64 = 0x6578_616d_706c_65

  private let pictures: AnnotatedDataSet
  private let classes: [String]
  private let count: Int
  private let seed: UInt64
  private let order: [Int]

  /// Examples of a data set.
  /// - Parameter classes: the detector's, in its order; they decide colours.
  public init(
    _ pictures: AnnotatedDataSet, classes: [String], count: Int = usualCount, seed: UInt64
  ) {
    self.pictures = pictures
    self.classes = classes
    self.count = count
    self.seed = seed
    var random = SeededRandom(seed, Self.stream)
    let all = random.permutation(pictures.count)
    let hasObjects = pictures.images.map { $0.objects.contains { !$0.isIgnored } }
    order = all.filter { hasObjects[$0] } + all.filter { !hasObjects[$0] }
  }

  /// Pictures as a training changes them, with their true boxes.
  /// - Throws: `JPEGError`, `ImageError`.
  public func augmented(by augmentation: DetectionAugmentation) throws -> [Example] {
    try examples { index, image, truths in
      var random = SeededRandom(seed, Self.stream, UInt64(index))
      let sample = try augmentation.augment(image, truths: truths, random: &random)
      let size = "\(sample.image.width)×\(sample.image.height)"
      return (
        try drawn(sample.image, detections(sample.truths)),
        "\(size) pixels, shorter side brought to \(sample.shorterSide)"
      )
    }
  }

  /// Pictures with their true boxes, and beside them the same with what a detector finds.
  /// - Parameter minimumScore: from this score on, detections are drawn.
  /// - Throws: what the detector throws, `JPEGError`, `ImageError`.
  public func detected(
    by detector: any ObjectDetector, minimumScore: Float
  ) throws -> [Example] {
    try examples { _, image, truths in
      let found = try detector.detect(image).detections.filter { $0.score >= minimumScore }
      let counting = truths.count { !$0.isIgnored }
      return (
        try Self.sideBySide(try drawn(image, detections(truths)), try drawn(image, found)),
        "\(counting) true, \(found.count) found"
      )
    }
  }

  private func examples(
    _ draw: (_ index: Int, _ image: Image, _ truths: [GroundTruth]) throws -> (Image, String)
  ) throws -> [Example] {
    var result: [Example] = []
    for index in order where result.count < count {
      // It was there when the training began; a report is not worth less for one that is gone.
      guard let image = try? pictures.image(index) else { continue }
      let annotated = pictures.images[index]
      let (drawn, caption) = try draw(
        index, image, annotated.objects(width: image.width, height: image.height))
      result.append(
        Example(
          name: annotated.name, jpeg: try JPEGEncoder(quality: Self.quality).encode(drawn),
          caption: "\(annotated.name): \(caption)"))
    }
    return result
  }

  /// True objects as they are drawn: as detections that are certain.
  private func detections(_ truths: [GroundTruth]) -> [Detection] {
    truths.map { truth in
      Detection(
        box: truth.box, classIndex: classes.firstIndex(of: truth.label) ?? classes.count,
        label: truth.isIgnored ? "(\(truth.label))" : truth.label, score: 1)
    }
  }

  /// The picture at its size on a page, with boxes that are given in its own pixels.
  private func drawn(_ image: Image, _ detections: [Detection]) throws -> Image {
    let factor = min(1, Float(Self.greatestSide) / Float(max(image.width, image.height)))
    let width = max(1, Int((Float(image.width) * factor).rounded()))
    let height = max(1, Int((Float(image.height) * factor).rounded()))
    var result = factor < 1 ? try image.covering(width: width, height: height).image() : image
    let (scaleX, scaleY) = (
      Float(width) / Float(image.width), Float(height) / Float(image.height)
    )
    Overlay().draw(
      detections.map { detection in
        var scaled = detection
        scaled.box = detection.box.scaled(x: scaleX, y: scaleY)
        return scaled
      }, on: &result)
    return result
  }

  /// Two pictures of one size with white between them.
  private static func sideBySide(_ left: Image, _ right: Image) throws -> Image {
    let offset = left.width + gap
    var result = try Image(
      width: offset + right.width, height: max(left.height, right.height), red: 255, green: 255,
      blue: 255)
    for (image, start) in [(left, 0), (right, offset)] {
      for row in 0..<image.height {
        let to = (row * result.width + start) * 3
        let from = row * image.width * 3
        result.pixels.replaceSubrange(
          to..<(to + image.width * 3), with: image.pixels[from..<(from + image.width * 3)])
      }
    }
    return result
  }
}

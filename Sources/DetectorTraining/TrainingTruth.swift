import Detection
import Frames

/// A true object as a detector learns it: its box in pixels of the resized image, its class by number.
public struct TrainingTruth: Sendable, Hashable {
  /// Where, in pixels of the resized image; both sides are above 0.
  public let box: Box
  /// The class with the background counted, which is 0: at least 1. An ignored object's is not used.
  public let label: Int
  /// Neither to be learnt as an object nor as background (VOC's "difficult", COCO's crowd).
  public let isIgnored: Bool

  /// A true object.
  /// - Throws: `DetectorTrainingError`: `box` where a corner is not finite or a side not above 0
  ///   (torchvision refuses such too), `label` where it is below 1 and counts.
  public init(box: Box, label: Int, isIgnored: Bool = false) throws(DetectorTrainingError) {
    guard box.isFinite, box.width > 0, box.height > 0 else {
      throw .box(found: "\(box)")
    }
    guard label >= 1 || isIgnored else {
      throw .label(expected: "a number of at least 1", found: "\(label)")
    }
    self.box = box
    self.label = label
    self.isIgnored = isIgnored
  }

  /// The true objects of an image, moved to its resized image as torchvision's `resize_boxes` does.
  /// - Parameters:
  ///   - classes: the detector's classes without the background.
  ///   - original: the image that the truths are given in.
  ///   - resized: the image that the network sees, without padding.
  /// - Throws: `DetectorTrainingError`: `label` where an object that counts has another class,
  ///   `box` as the initialiser.
  public static func scaled(
    _ truths: [GroundTruth], classes: [String], from original: PixelSize, to resized: PixelSize
  ) throws(DetectorTrainingError) -> [TrainingTruth] {
    let ratioX = Float(resized.width) / Float(original.width)
    let ratioY = Float(resized.height) / Float(original.height)
    var result: [TrainingTruth] = []
    result.reserveCapacity(truths.count)
    for truth in truths {
      let index = classes.firstIndex(of: truth.label)
      guard index != nil || truth.isIgnored else {
        throw .label(
          expected: "one of \(classes.joined(separator: ", "))", found: truth.label)
      }
      result.append(
        try TrainingTruth(
          box: truth.box.scaled(x: ratioX, y: ratioY),
          label: (index ?? -1) + 1, isIgnored: truth.isIgnored))
    }
    return result
  }
}

extension Box {
  /// Whether all four corners are numbers.
  var isFinite: Bool { x1.isFinite && y1.isFinite && x2.isFinite && y2.isFinite }
}

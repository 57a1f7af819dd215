import Frames

/// A picture with the objects that people have marked in it.
public struct AnnotatedImage: Sendable, Hashable {
  /// What the data set calls it, the same on every machine: the name in VOC's list, COCO's
  /// `file_name`.
  public let name: String
  /// Where the JPEG is.
  public let path: String
  /// Width as annotated, in pixels; nil where the annotation does not say.
  public let width: Int?
  /// Height as annotated, in pixels; nil where the annotation does not say.
  public let height: Int?
  /// The objects, in the annotation's order.
  ///
  /// Where `width` and `height` are known, every box is inside the picture. Where they are nil,
  /// boxes are as they were annotated, and have to go through ``objects(width:height:)`` with the
  /// size of the decoded picture before they are used.
  public let objects: [GroundTruth]

  /// An annotated picture.
  public init(name: String, path: String, width: Int?, height: Int?, objects: [GroundTruth]) {
    self.name = name
    self.path = path
    self.width = width
    self.height = height
    self.objects = objects
  }

  /// The objects clipped to a picture of the given size in pixels; those of which nothing is inside
  /// are left out.
  public func objects(width: Int, height: Int) -> [GroundTruth] {
    objects.compactMap { object in
      let box = object.box.clipped(width: Float(width), height: Float(height))
      guard box.hasExtent else { return nil }
      return GroundTruth(box: box, label: object.label, isIgnored: object.isIgnored)
    }
  }
}

extension Box {
  /// Not by the area: that of a box whose sides are tiny can be rounded to 0.
  var hasExtent: Bool { width > 0 && height > 0 }
}

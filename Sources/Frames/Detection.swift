/// One thing found in a frame.
public struct Detection: Sendable, Hashable, Codable {
  /// Where, in pixels of the frame.
  public var box: Box
  /// Index into the model's classes, without the background.
  public var classIndex: Int
  /// The class's name.
  public var label: String
  /// Confidence in `0...1`.
  public var score: Float

  /// A detection.
  public init(box: Box, classIndex: Int, label: String, score: Float) {
    self.box = box
    self.classIndex = classIndex
    self.label = label
    self.score = score
  }
}

/// What is truly there: an annotated object of a data set, or one a scene has rendered.
public struct GroundTruth: Sendable, Hashable, Codable {
  /// Where, in pixels of the frame.
  public var box: Box
  /// The class's name.
  public var label: String
  /// Not counted for or against a detector (VOC's "difficult", COCO's crowd).
  public var isIgnored: Bool

  /// A true object.
  public init(box: Box, label: String, isIgnored: Bool = false) {
    self.box = box
    self.label = label
    self.isIgnored = isIgnored
  }
}

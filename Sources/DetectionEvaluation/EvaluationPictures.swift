import Frames

/// Pictures with true objects that a detector can be measured on, read one at a time.
public protocol EvaluationPictures: Sendable {
  /// The classes' names, without the background; an attack's target is an index into them.
  var classes: [String] { get }
  /// The number of pictures.
  var count: Int { get }
  /// What a person finds picture `index` by, such as a file's name.
  func name(_ index: Int) -> String
  /// Picture `index`, decoded.
  /// - Throws: an error that says what of the picture cannot be read.
  func image(_ index: Int) throws -> Image
  /// The true objects of picture `index`, boxes in its pixels.
  /// - Parameters:
  ///   - width: that of the decoded picture, which the annotation need not know.
  ///   - height: likewise.
  /// - Throws: an error that says what of them cannot be read.
  func objects(_ index: Int, width: Int, height: Int) throws -> [GroundTruth]
}

/// What was left out of an annotated data set, by reason. The first of each kind are named by their
/// picture.
public struct SkippedAnnotations: Sendable, Hashable, Codable, CustomStringConvertible {
  /// Pictures whose annotation is missing, cannot be read or breaks the format, and entries that
  /// belong to no picture.
  public internal(set) var brokenAnnotations = SkippedImages()
  /// Annotated pictures whose file is missing.
  public internal(set) var missingPictures = SkippedImages()
  /// Pictures that cannot be decoded, or have another size than annotated; see
  /// ``AnnotatedDataSet/decodable(_:threads:)``.
  public internal(set) var brokenPictures = SkippedImages()
  /// Objects whose box is entirely outside the picture.
  public internal(set) var outsideBoxes = SkippedImages()
  /// Objects whose box has no width or no height.
  public internal(set) var emptyBoxes = SkippedImages()
  /// Objects of classes that were not asked for.
  public internal(set) var unknownClasses = SkippedImages()
  /// Objects that are not left out, but whose box was partly outside and has been clipped.
  public internal(set) var clippedBoxCount = 0

  /// Nothing left out.
  public init() {}

  /// How many pictures, and entries that belong to none, were left out.
  public var imageCount: Int {
    brokenAnnotations.count + missingPictures.count + brokenPictures.count
  }
  /// How many objects of the remaining pictures were left out.
  public var objectCount: Int { outsideBoxes.count + emptyBoxes.count + unknownClasses.count }

  /// One line: how many for each reason, and the first by name.
  public var description: String {
    let kinds = [
      ("broken annotations", brokenAnnotations), ("missing pictures", missingPictures),
      ("broken pictures", brokenPictures),
      ("boxes outside the picture", outsideBoxes), ("empty boxes", emptyBoxes),
      ("objects of other classes", unknownClasses),
    ]
    var parts = kinds.filter { $0.1.count > 0 }.map { "\($0.0): \($0.1)" }
    if clippedBoxCount > 0 { parts.append("boxes clipped: \(clippedBoxCount)") }
    return parts.isEmpty ? "none left out" : parts.joined(separator: ". ")
  }
}

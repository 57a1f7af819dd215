import Frames

/// What becomes of a part of an annotated data set that cannot be used.
public enum BrokenRule: String, Sendable, Hashable, CaseIterable {
  /// It is left out and counted.
  case skip
  /// The data set is refused.
  case refuse
}

/// What becomes of an object whose class is not among those asked for.
public enum UnknownClassRule: String, Sendable, Hashable, CaseIterable {
  /// The object is left out and counted; its picture stays.
  case skipObject = "skip-object"
  /// The data set is refused.
  case refuse
}

/// What annotations from outside may cost.
public struct AnnotationLimits: Sendable, Hashable {
  /// Pictures of a split.
  public var images: Int
  /// Objects of one picture.
  public var objectsPerImage: Int
  /// Bytes of one XML file.
  public var xmlBytes: Int
  /// Elements of an XML file inside each other.
  public var xmlDepth: Int
  /// Bytes of COCO's JSON file. Reading takes several times as much memory.
  public var jsonBytes: Int

  /// Limits; the defaults let the largest public data sets through.
  public init(
    images: Int = ImageFolder.defaultLimit, objectsPerImage: Int = 10_000,
    xmlBytes: Int = 4 << 20, xmlDepth: Int = 32, jsonBytes: Int = 1 << 30
  ) {
    self.images = images
    self.objectsPerImage = objectsPerImage
    self.xmlBytes = xmlBytes
    self.xmlDepth = xmlDepth
    self.jsonBytes = jsonBytes
  }

  /// - Throws: `DataSetError.value` for a limit below 1.
  func check() throws {
    let limits = [
      ("images", images), ("objectsPerImage", objectsPerImage), ("xmlBytes", xmlBytes),
      ("xmlDepth", xmlDepth), ("jsonBytes", jsonBytes),
    ]
    for (name, limit) in limits where limit < 1 {
      throw DataSetError.value(name: "limit \(name)", expected: "of at least 1", found: "\(limit)")
    }
  }
}

extension AnnotatedDataSet {
  /// How an annotated data set is read.
  public struct Options: Sendable, Hashable {
    /// The classes that count, in the order of their indices; nil: all. Splits that are used
    /// together need the same: which classes occur differs between them.
    public var classes: [String]?
    /// What becomes of objects of other classes.
    public var unknownClass: UnknownClassRule
    /// What becomes of annotations that cannot be read, pictures that are missing, and boxes that
    /// are empty or outside the picture.
    public var broken: BrokenRule
    /// What one picture may cost.
    public var limits: JPEGLimits
    /// What annotations may cost.
    public var annotationLimits: AnnotationLimits
    /// Threads that read annotations; nil: one per processor.
    public var threads: Int?

    /// Options.
    public init(
      classes: [String]? = nil, unknownClass: UnknownClassRule = .skipObject,
      broken: BrokenRule = .skip, limits: JPEGLimits = JPEGLimits(),
      annotationLimits: AnnotationLimits = AnnotationLimits(), threads: Int? = nil
    ) {
      self.classes = classes
      self.unknownClass = unknownClass
      self.broken = broken
      self.limits = limits
      self.annotationLimits = annotationLimits
      self.threads = threads
    }

    /// - Throws: `DataSetError.value`.
    func check() throws {
      try annotationLimits.check()
      guard let classes else { return }
      guard !classes.isEmpty, !classes.contains(""), Set(classes).count == classes.count else {
        throw DataSetError.value(
          name: "the classes", expected: "to be names that differ, at least one",
          found: "\(classes)")
      }
    }
  }
}

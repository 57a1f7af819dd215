extension DetectorTrainingReport {
  /// The detector.
  public struct Model: Sendable, Equatable, Codable {
    /// Its name.
    public var name: String
    /// Its architecture, such as `resnet18, pyramid of 64 channels`.
    public var architecture: String
    /// What its training began with.
    public var start: String
    /// The SHA-256 of its `model.json`, which holds those of the other files.
    public var digest: String

    /// A detector.
    public init(name: String, architecture: String, start: String, digest: String) {
      self.name = name
      self.architecture = architecture
      self.start = start
      self.digest = digest
    }
  }

  /// The annotated pictures.
  public struct DataSet: Sendable, Equatable, Codable {
    /// Objects of one class.
    public struct Class: Sendable, Equatable, Codable {
      /// The class's name.
      public var name: String
      /// Objects that count.
      public var objects: Int
      /// Objects that do not: "difficult" ones and crowds.
      public var ignored: Int
      /// Pictures with an object that counts.
      public var pictures: Int

      /// Objects of a class.
      public init(name: String, objects: Int = 0, ignored: Int = 0, pictures: Int = 0) {
        self.name = name
        self.objects = objects
        self.ignored = ignored
        self.pictures = pictures
      }
    }

    /// What was left out for one reason.
    public struct Skipped: Sendable, Equatable, Codable {
      /// The reason, such as `broken annotations`.
      public var reason: String
      /// How many.
      public var count: Int
      /// The first of them, `name: what is wrong`.
      public var first: [String]

      /// What was left out.
      public init(reason: String, count: Int, first: [String]) {
        self.reason = reason
        self.count = count
        self.first = first
      }
    }

    /// The folder's own name and the split.
    public var description: String
    /// Pictures used.
    public var pictures: Int
    /// Pictures without an object that counts.
    public var emptyPictures: Int
    /// The objects of each class, in the order of the detector's classes.
    public var classes: [Class]
    /// What was left out, by reason; only reasons that occurred.
    public var skipped: [Skipped]
    /// Boxes that were partly outside and have been clipped.
    public var clippedBoxes: Int
    /// Names the files: the same pictures have the same.
    public var fingerprint: String

    /// A data set.
    public init(
      description: String, pictures: Int, emptyPictures: Int, classes: [Class],
      skipped: [Skipped] = [], clippedBoxes: Int = 0, fingerprint: String
    ) {
      self.description = description
      self.pictures = pictures
      self.emptyPictures = emptyPictures
      self.classes = classes
      self.skipped = skipped
      self.clippedBoxes = clippedBoxes
      self.fingerprint = fingerprint
    }

    /// Objects of all classes that count.
    public var objects: Int { classes.reduce(0) { $0 + $1.objects } }
  }

  /// Memory in bytes.
  public struct Memory: Sendable, Equatable, Codable {
    /// Activations and gradients of the training's plans.
    public var planBytes: Int
    /// The most that the process held at once; absent where the system does not say.
    public var peakResidentBytes: Int?

    /// Memory.
    public init(planBytes: Int, peakResidentBytes: Int? = nil) {
      self.planBytes = planBytes
      self.peakResidentBytes = peakResidentBytes
    }
  }

  /// Names of the pictures that are shown.
  public struct Examples: Sendable, Equatable, Codable {
    /// Of the training, as it changed them.
    public var augmented: [String]
    /// Those that the trained detector was shown.
    public var detected: [String]
    /// From this score on, detections were drawn.
    public var minimumScore: Double

    /// Names; none unless given.
    public init(augmented: [String] = [], detected: [String] = [], minimumScore: Double = 0.5) {
      self.augmented = augmented
      self.detected = detected
      self.minimumScore = minimumScore
    }
  }

  /// What the trained detector does on the pictures that it was measured on. Average precisions are in
  /// `0...1`; nil where no class has an object.
  public struct Validation: Sendable, Equatable, Codable {
    /// One class.
    public struct Class: Sendable, Equatable, Codable {
      /// The class's name.
      public var name: String
      /// True objects that count.
      public var objects: Int
      /// The area below the precision-recall curve at an IoU of 0.5 (VOC 2010 and later).
      public var vocArea: Double

      /// A class.
      public init(name: String, objects: Int, vocArea: Double) {
        self.name = name
        self.objects = objects
        self.vocArea = vocArea
      }
    }

    /// The folder's own name and the split.
    public var description: String
    /// Pictures measured on.
    public var pictures: Int
    /// Pictures that could not be read.
    public var skippedPictures: Int
    /// True objects that count.
    public var objects: Int
    /// COCO's AP at an IoU of 0.5.
    public var ap50: Double?
    /// The area below the precision-recall curve at an IoU of 0.5 (VOC 2010 and later).
    public var vocArea: Double?
    /// COCO's AP@[.5:.95].
    public var coco: Double?
    /// Each class that has a true object.
    public var classes: [Class]

    /// A measurement.
    public init(
      description: String, pictures: Int, skippedPictures: Int = 0, objects: Int, ap50: Double?,
      vocArea: Double?, coco: Double?, classes: [Class]
    ) {
      self.description = description
      self.pictures = pictures
      self.skippedPictures = skippedPictures
      self.objects = objects
      self.ap50 = ap50
      self.vocArea = vocArea
      self.coco = coco
      self.classes = classes
    }
  }
}

import Measurement

extension PurificationReport {
  /// The backbone before and after.
  public struct Model: Sendable, Equatable, Codable {
    /// Its name.
    public var name: String
    /// Its architecture, such as `resnet18`.
    public var architecture: String
    /// The digest of the weights as they came, such as `sha256:…`.
    public var originalDigest: String
    /// The digest of the purified weights; absent where none were written.
    public var purifiedDigest: String?

    /// A backbone.
    public init(
      name: String, architecture: String, originalDigest: String, purifiedDigest: String? = nil
    ) {
      self.name = name
      self.architecture = architecture
      self.originalDigest = originalDigest
      self.purifiedDigest = purifiedDigest
    }
  }

  /// The unlabelled pictures.
  public struct DataSet: Sendable, Equatable, Codable {
    /// Where they come from, in words.
    public var description: String
    /// Pictures used.
    public var pictures: Int
    /// Pictures that could not be read or were refused.
    public var refused: Int
    /// Width of the network's input in pixels.
    public var width: Int
    /// Height of the network's input in pixels.
    public var height: Int
    /// A digest over all pictures in order: the same pictures have the same.
    public var fingerprint: String

    /// A set of pictures.
    public init(
      description: String, pictures: Int, refused: Int = 0, width: Int, height: Int,
      fingerprint: String
    ) {
      self.description = description
      self.pictures = pictures
      self.refused = refused
      self.width = width
      self.height = height
      self.fingerprint = fingerprint
    }
  }

  /// A part of the work with its duration.
  public typealias Stage = ReportStage

  /// A step of training; its losses are before weighting.
  public typealias Step = ReportStep

  /// Labelled measurements with one classifier head.
  public struct Measured: Sendable, Equatable, Codable {
    /// Which head, such as `linear probe, 500 labels`.
    public var head: String
    /// Before purification.
    public var before: ClassificationMetrics
    /// After it.
    public var after: ClassificationMetrics

    /// Labelled measurements.
    public init(head: String, before: ClassificationMetrics, after: ClassificationMetrics) {
      self.head = head
      self.before = before
      self.after = after
    }
  }

  /// Embeddings of the same pictures before and after, each laid out by itself.
  public struct EmbeddingPicture: Sendable, Equatable, Codable {
    /// What a point stands for.
    public enum Kind: String, Sendable, Codable {
      /// A clean picture.
      case clean
      /// A contrastive adversarial example.
      case adversarial
      /// A picture with a trigger, where somebody had one.
      case triggered
    }

    /// An embedding's place.
    public struct Point: Sendable, Equatable, Codable {
      /// To the right.
      public var x: Double
      /// Upwards.
      public var y: Double
      /// What it stands for.
      public var kind: Kind
      /// Its class or cluster, an index into `groups`; absent where it has none.
      public var group: Int?

      /// An embedding's place.
      public init(_ place: PlanePoint, kind: Kind, group: Int? = nil) {
        x = place.x
        y = place.y
        self.kind = kind
        self.group = group
      }
    }

    /// Names of classes, or of clusters where there are no labels.
    public var groups: [String]
    /// Before purification.
    public var before: [Point]
    /// After it.
    public var after: [Point]

    /// Embeddings before and after.
    public init(groups: [String], before: [Point], after: [Point]) {
      self.groups = groups
      self.before = before
      self.after = after
    }
  }
}

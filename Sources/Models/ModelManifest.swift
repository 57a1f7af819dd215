/// What a model folder's `model.json` says.
///
/// Every key below is required unless its comment says otherwise, and no other key is allowed.
/// (JSON has no comments: they are here only.)
///
/// ```
/// {
///   "formatVersion": 1,
///   "name": "street-r18-fpn64",             // letters, digits, '.', '_', '-'; 1 to 64 of them
///   "serial": 7,                            // optional: 0 or more, larger for a later model
///   "architecture": {
///     "kind": "fasterrcnn",
///     "trunk": "resnet18",                  // resnet18, resnet34, resnet50
///     "fpnChannels": 64,
///     "boxHeadWidth": 256,                  // outputs of fc6 and fc7
///     "boxPoolSize": 7,                     // RoIAlign's output side
///     "boxPoolSamplingRatio": 2,            // RoIAlign's samples per bin and axis
///     "anchorSizes": [[32], [64], [128], [256], [512]],   // per level: P2, P3, P4, P5, pool
///     "aspectRatios": [0.5, 1, 2],          // height / width, the same on every level
///     "batchNormEpsilon": 1e-5              // 0 for torchvision's COCO_V1 weights
///   },
///   "classes": ["person", "car"],           // without the background
///   "input": {"minSize": 480, "maxSize": 640},
///   "normalisation": {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]},
///   "thresholds": {                         // detectors only
///     "score": 0.05, "nms": 0.5, "detectionsPerImage": 100,
///     "rpn": {"preNMS": 1000, "postNMS": 1000, "nms": 0.7, "score": 0}
///   },
///   "provenance": {
///     "description": "how it was made, on what data, its measured AP",
///     "sourceSHA256": "…"                   // optional: the file it was imported from
///   },
///   "licence": "Apache-2.0",
///   "files": [{"path": "model.safetensors", "sha256": "64 hex digits", "bytes": 24630784}]
/// }
/// ```
///
/// A classifier has another `architecture` and `input`, and no `thresholds`:
///
/// ```
///   "architecture": {
///     "kind": "classifier",
///     "trunk": "resnet18",
///     "stem": "cifar",                      // "imagenet": 7×7 stride 2 and max pool; "cifar": 3×3
///     "classes": 10,                        // outputs of fc; absent for a backbone without head
///     "batchNormEpsilon": 1e-5
///   },
///   "input": {"side": 32},
/// ```
public struct ModelManifest: Sendable, Equatable {
  /// The version that this code reads and writes.
  public static let formatVersion = 1
  /// The manifest's file name in a model folder.
  public static let fileName = "model.json"
  /// A manifest larger than this many bytes is refused unread.
  public static let maximumBytes = 1 << 20

  /// The model's name, as in `/v2/models/<name>`.
  public var name: String
  /// Counts the models that one owner publishes, so that a store can refuse those before a certain
  /// one; 0 or more, nil where nobody counts.
  public var serial: Int?
  /// What the network is.
  public var architecture: ModelArchitecture
  /// Class names without the background; empty for a backbone without head.
  public var classes: [String]
  /// How an image is sized for the network.
  public var input: ModelInput
  /// How a pixel in `0...1` becomes an input value.
  public var normalisation: Normalisation
  /// What of the detector's output counts; absent for classifiers.
  public var thresholds: DetectionThresholds?
  /// Where the model comes from.
  public var provenance: Provenance
  /// An SPDX identifier, or a sentence.
  public var licence: String
  /// Every other file of the folder, with its hash; exactly one is the weights.
  public var files: [ModelFile]

  /// A manifest; `ModelManifest.validate()` tells whether it is one that can be read back.
  public init(
    name: String, architecture: ModelArchitecture, classes: [String], input: ModelInput,
    normalisation: Normalisation = .imagenet, thresholds: DetectionThresholds?,
    provenance: Provenance, licence: String, files: [ModelFile] = [], serial: Int? = nil
  ) {
    self.name = name
    self.serial = serial
    self.architecture = architecture
    self.classes = classes
    self.input = input
    self.normalisation = normalisation
    self.thresholds = thresholds
    self.provenance = provenance
    self.licence = licence
    self.files = files
  }
}

/// How an image is sized for the network.
public enum ModelInput: Sendable, Equatable {
  /// torchvision's rule for detectors: the shorter side becomes `minSize` unless the longer one
  /// would exceed `maxSize`; both in pixels, the aspect kept.
  case shorterSide(minSize: Int, maxSize: Int)
  /// A square of fixed side in pixels.
  case square(side: Int)
}

/// `(pixel / 255 - mean) / std` per channel, in the order red, green, blue.
public struct Normalisation: Sendable, Equatable {
  /// Three means, of pixels in `0...1`.
  public var mean: [Float]
  /// Three standard deviations, above 0.
  public var std: [Float]

  /// A normalisation by three means and three standard deviations.
  public init(mean: [Float], std: [Float]) {
    self.mean = mean
    self.std = std
  }

  /// What torchvision's models expect.
  public static let imagenet = Normalisation(
    mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225])
  /// What CIFAR-10 models commonly expect.
  public static let cifar10 = Normalisation(
    mean: [0.4914, 0.4822, 0.4465], std: [0.2470, 0.2435, 0.2616])
}

/// What of a detector's output counts. The defaults are torchvision's.
public struct DetectionThresholds: Sendable, Equatable {
  /// A detection scores above this.
  public var score: Float
  /// Detections of one class that overlap by more than this IoU are one.
  public var nms: Float
  /// At most so many detections per image, the best first.
  public var detectionsPerImage: Int
  /// Proposals per level before non-maximum suppression.
  public var rpnPreNMS: Int
  /// Proposals per image after it.
  public var rpnPostNMS: Int
  /// The IoU above which two proposals are one.
  public var rpnNMS: Float
  /// A proposal's objectness is at least this.
  public var rpnScore: Float

  /// Thresholds.
  public init(
    score: Float = 0.05, nms: Float = 0.5, detectionsPerImage: Int = 100, rpnPreNMS: Int = 1000,
    rpnPostNMS: Int = 1000, rpnNMS: Float = 0.7, rpnScore: Float = 0
  ) {
    self.score = score
    self.nms = nms
    self.detectionsPerImage = detectionsPerImage
    self.rpnPreNMS = rpnPreNMS
    self.rpnPostNMS = rpnPostNMS
    self.rpnNMS = rpnNMS
    self.rpnScore = rpnScore
  }
}

/// Where a model comes from.
public struct Provenance: Sendable, Equatable {
  /// How it was made, in words.
  public var description: String
  /// SHA-256 of the file it was imported from, 64 lower-case hex digits.
  public var sourceSHA256: String?

  /// A provenance.
  public init(description: String, sourceSHA256: String? = nil) {
    self.description = description
    self.sourceSHA256 = sourceSHA256
  }
}

/// One file of a model folder.
public struct ModelFile: Sendable, Equatable {
  /// Path inside the folder, without `..`, not absolute.
  public var path: String
  /// 64 lower-case hex digits.
  public var sha256: String
  /// Its size.
  public var bytes: Int

  /// A file's path, hash and size.
  public init(path: String, sha256: String, bytes: Int) {
    self.path = path
    self.sha256 = sha256
    self.bytes = bytes
  }
}

import Networks

extension ModelManifest {
  /// Reads and validates a manifest.
  /// - Throws: `ModelError` naming the key path of the first thing that is wrong.
  public init(json bytes: [UInt8], path: String = ModelManifest.fileName) throws(ModelError) {
    guard bytes.count <= Self.maximumBytes else {
      throw .manifest(
        path: path, reason: "expected at most \(Self.maximumBytes) bytes, found \(bytes.count)")
    }
    let json: JSONValue
    do throws(JSONError) { json = try JSONScanner.parse(bytes) } catch {
      throw .manifest(path: path, reason: error.description)
    }
    var root = try ManifestObject(json, key: "")
    // First, for another version may have other keys.
    let version = try root.integer("formatVersion", 0...Int.max)
    guard version == Self.formatVersion else {
      throw .value(
        key: "formatVersion", expected: "\(Self.formatVersion)", found: "\(version)")
    }
    name = try root.string("name", 1...64)
    serial = try root.optionalInteger("serial", 0...Int.max)
    var architecture = try root.object("architecture")
    classes = try root.strings("classes", 0...ManifestLimits.classes)
    var input = try root.object("input")
    var normalisation = try root.object("normalisation")
    let thresholds = try root.optionalObject("thresholds")
    var provenance = try root.object("provenance")
    licence = try root.string("licence", 1...4096)
    files = try root.objects("files", 1...ManifestLimits.files).map(ModelFile.init)
    try root.finish()
    self.architecture = try ModelArchitecture(&architecture, classes: classes.count)
    self.input = try ModelInput(&input)
    self.normalisation = Normalisation(
      mean: try normalisation.floats("mean", 3...3, in: -1000...1000),
      std: try normalisation.floats("std", 3...3, in: 1e-6...1000))
    try normalisation.finish()
    self.thresholds = try thresholds.map { object throws(ModelError) in
      try DetectionThresholds(object)
    }
    self.provenance = Provenance(
      description: try provenance.string("description", 0...65536),
      sourceSHA256: try provenance.optionalHash("sourceSHA256"))
    try provenance.finish()
    try validate()
  }
}

/// What is absurd in a manifest, though it could be computed.
enum ManifestLimits {
  static let classes = 4096
  static let files = 64
  static let side = 1...8192
}

extension ModelArchitecture {
  fileprivate init(_ object: inout ManifestObject, classes: Int) throws(ModelError) {
    let kind = try object.choice("kind", ["classifier", "fasterrcnn"])
    let trunkName = try object.choice("trunk", ResNet.Depth.allCases.map(\.rawValue))
    let trunk = ResNet.Depth(rawValue: trunkName) ?? .resnet18
    let epsilon = try object.float("batchNormEpsilon", in: 0...0.1)
    if kind == "classifier" {
      let stem = try object.choice("stem", ResNet.Stem.allCases.map(\.rawValue))
      self = .classifier(
        ClassifierArchitecture(
          trunk: trunk, stem: ResNet.Stem(rawValue: stem) ?? .imagenet,
          classes: try object.optionalInteger("classes", 1...ManifestLimits.classes),
          batchNormEpsilon: epsilon))
    } else {
      self = .fasterRCNN(
        FasterRCNNArchitecture(
          trunk: trunk, classes: classes,
          fpnChannels: try object.integer("fpnChannels", 1...2048),
          boxHeadWidth: try object.integer("boxHeadWidth", 1...8192),
          boxPoolSize: try object.integer("boxPoolSize", 1...32),
          boxPoolSamplingRatio: try object.integer("boxPoolSamplingRatio", 1...8),
          anchorSizes: try object.floatLists("anchorSizes", 5...5, 1...16, in: 1...8192),
          aspectRatios: try object.floats("aspectRatios", 1...16, in: 0.01...100),
          batchNormEpsilon: epsilon))
    }
    try object.finish()
  }
}

extension ModelInput {
  fileprivate init(_ object: inout ManifestObject) throws(ModelError) {
    if object.has("side") {
      self = .square(side: try object.integer("side", ManifestLimits.side))
    } else {
      self = .shorterSide(
        minSize: try object.integer("minSize", ManifestLimits.side),
        maxSize: try object.integer("maxSize", ManifestLimits.side))
    }
    try object.finish()
  }
}

extension DetectionThresholds {
  fileprivate init(_ source: ManifestObject) throws(ModelError) {
    var object = source
    var rpn = try object.object("rpn")
    self.init(
      score: try object.float("score", in: 0...1), nms: try object.float("nms", in: 0...1),
      detectionsPerImage: try object.integer("detectionsPerImage", 1...10_000),
      rpnPreNMS: try rpn.integer("preNMS", 1...100_000),
      rpnPostNMS: try rpn.integer("postNMS", 1...100_000),
      rpnNMS: try rpn.float("nms", in: 0...1), rpnScore: try rpn.float("score", in: 0...1))
    try rpn.finish()
    try object.finish()
  }
}

extension ModelFile {
  fileprivate init(_ source: ManifestObject) throws(ModelError) {
    var object = source
    self.init(
      path: try object.string("path", 1...255), sha256: try object.hash("sha256"),
      bytes: try object.integer("bytes", 0...(1 << 40)))
    try object.finish()
  }
}

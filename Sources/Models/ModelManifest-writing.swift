extension ModelManifest {
  /// The manifest as JSON that `init(json:path:)` reads back: same manifest, same text.
  public var json: String {
    var members = [
      JSONMember("formatVersion", .integer(Self.formatVersion)),
      JSONMember("name", .string(name)),
    ]
    if let serial { members.append(JSONMember("serial", .integer(serial))) }
    members += [
      JSONMember("architecture", architecture.json),
      JSONMember("classes", .array(classes.map { .string($0) })),
      JSONMember("input", input.json),
      JSONMember(
        "normalisation",
        .object([
          JSONMember("mean", .array(normalisation.mean.map(JSONValue.float))),
          JSONMember("std", .array(normalisation.std.map(JSONValue.float))),
        ])),
    ]
    if let thresholds { members.append(JSONMember("thresholds", thresholds.json)) }
    var origin = [JSONMember("description", .string(provenance.description))]
    if let hash = provenance.sourceSHA256 {
      origin.append(JSONMember("sourceSHA256", .string(hash)))
    }
    members.append(JSONMember("provenance", .object(origin)))
    members.append(JSONMember("licence", .string(licence)))
    let list = files.map { file in
      JSONValue.object([
        JSONMember("path", .string(file.path)), JSONMember("sha256", .string(file.sha256)),
        JSONMember("bytes", .integer(file.bytes)),
      ])
    }
    members.append(JSONMember("files", .array(list)))
    return JSONValue.object(members).prettyText + "\n"
  }
}

extension ModelArchitecture {
  /// The architecture as the manifest's `architecture`.
  public var json: JSONValue {
    switch self {
    case .classifier(let classifier):
      var members = [
        JSONMember("kind", .string("classifier")),
        JSONMember("trunk", .string(classifier.trunk.rawValue)),
        JSONMember("stem", .string(classifier.stem.rawValue)),
      ]
      if let classes = classifier.classes {
        members.append(JSONMember("classes", .integer(classes)))
      }
      members.append(JSONMember("batchNormEpsilon", .float(classifier.batchNormEpsilon)))
      return .object(members)
    case .fasterRCNN(let detector):
      return .object([
        JSONMember("kind", .string("fasterrcnn")),
        JSONMember("trunk", .string(detector.trunk.rawValue)),
        JSONMember("fpnChannels", .integer(detector.fpnChannels)),
        JSONMember("boxHeadWidth", .integer(detector.boxHeadWidth)),
        JSONMember("boxPoolSize", .integer(detector.boxPoolSize)),
        JSONMember("boxPoolSamplingRatio", .integer(detector.boxPoolSamplingRatio)),
        JSONMember(
          "anchorSizes",
          .array(detector.anchorSizes.map { .array($0.map(JSONValue.float)) })),
        JSONMember("aspectRatios", .array(detector.aspectRatios.map(JSONValue.float))),
        JSONMember("batchNormEpsilon", .float(detector.batchNormEpsilon)),
      ])
    }
  }
}

extension ModelInput {
  fileprivate var json: JSONValue {
    switch self {
    case .square(let side): .object([JSONMember("side", .integer(side))])
    case .shorterSide(let minSize, let maxSize):
      .object([
        JSONMember("minSize", .integer(minSize)), JSONMember("maxSize", .integer(maxSize)),
      ])
    }
  }
}

extension DetectionThresholds {
  fileprivate var json: JSONValue {
    .object([
      JSONMember("score", .float(score)), JSONMember("nms", .float(nms)),
      JSONMember("detectionsPerImage", .integer(detectionsPerImage)),
      JSONMember(
        "rpn",
        .object([
          JSONMember("preNMS", .integer(rpnPreNMS)), JSONMember("postNMS", .integer(rpnPostNMS)),
          JSONMember("nms", .float(rpnNMS)), JSONMember("score", .float(rpnScore)),
        ])),
    ])
  }
}

import Networks

/// Reads from names and shapes which network a torchvision state dict is of.
struct ArchitectureInference {
  /// Entries by their present-day name.
  let entries: [String: SafetensorsEntry]
  let path: String

  /// - Parameters:
  ///   - anchorSizes: Sizes per level where they are not torchvision's; shapes do not tell them.
  ///   - aspectRatios: Ratios where they are not torchvision's.
  func architecture(
    anchorSizes: [[Float]]?, aspectRatios: [Float]?, boxPoolSamplingRatio: Int,
    batchNormEpsilon: Float
  ) throws(ModelError) -> ModelArchitecture {
    if entries["rpn.head.cls_logits.weight"] != nil {
      return .fasterRCNN(
        try detector(
          anchorSizes: anchorSizes, aspectRatios: aspectRatios,
          samplingRatio: boxPoolSamplingRatio, epsilon: batchNormEpsilon))
    }
    guard entries["conv1.weight"] != nil else {
      throw unknown(
        "expected a torchvision ResNet (conv1.weight) or Faster R-CNN "
          + "(rpn.head.cls_logits.weight), found " + (entries.keys.min() ?? "no tensor")
          + (entries.count > 1 ? " and \(entries.count - 1) more" : ""))
    }
    let kernel = try size("conv1.weight", 2, of: 4)
    guard kernel == 7 || kernel == 3 else {
      throw unknown("conv1.weight: expected a 7×7 or 3×3 kernel, found \(kernel)×\(kernel)")
    }
    return .classifier(
      ClassifierArchitecture(
        trunk: try trunk(prefix: ""), stem: kernel == 7 ? .imagenet : .cifar,
        classes: entries["fc.weight"] == nil ? nil : try size("fc.weight", 0, of: 2),
        batchNormEpsilon: batchNormEpsilon))
  }

  private func trunk(prefix: String) throws(ModelError) -> ResNet.Depth {
    let blocks = (1...4).map { layer in
      (0..<64).prefix { entries["\(prefix)layer\(layer).\($0).conv1.weight"] != nil }.count
    }
    let isBottleneck = entries["\(prefix)layer1.0.conv3.weight"] != nil
    let trunk = ResNet.Depth.allCases.first {
      $0.blocks == blocks && $0.isBottleneck == isBottleneck
    }
    guard let trunk else {
      throw unknown(
        "expected the blocks of a ResNet-18, 34 or 50, found \(blocks) "
          + (isBottleneck ? "bottleneck" : "basic") + " blocks below \"\(prefix)layer\"")
    }
    return trunk
  }

  private func detector(
    anchorSizes: [[Float]]?, aspectRatios: [Float]?, samplingRatio: Int, epsilon: Float
  ) throws(ModelError) -> FasterRCNNArchitecture {
    let channels = try size("backbone.fpn.layer_blocks.0.0.weight", 0, of: 4)
    let features = try size("roi_heads.box_head.fc6.weight", 1, of: 2)
    let pool = (1...32).first { $0 * $0 * channels == features }
    guard let pool else {
      throw unknown(
        "roi_heads.box_head.fc6.weight: expected inputs of \(channels) FPN channels × a square "
          + "of 1 to 32, found \(features)")
    }
    let outputs = try size("roi_heads.box_predictor.cls_score.weight", 0, of: 2)
    guard outputs >= 2 else {
      throw unknown(
        "roi_heads.box_predictor.cls_score.weight: expected 2 or more classes with the "
          + "background, found \(outputs)")
    }
    let detector = FasterRCNNArchitecture(
      trunk: try trunk(prefix: "backbone.body."), classes: outputs - 1, fpnChannels: channels,
      boxHeadWidth: try size("roi_heads.box_head.fc6.weight", 0, of: 2), boxPoolSize: pool,
      boxPoolSamplingRatio: samplingRatio,
      anchorSizes: anchorSizes ?? FasterRCNNArchitecture.defaultAnchorSizes,
      aspectRatios: aspectRatios ?? FasterRCNNArchitecture.defaultAspectRatios,
      batchNormEpsilon: epsilon)
    let anchors = try size("rpn.head.cls_logits.weight", 0, of: 4)
    guard detector.anchorsPerLocation == anchors else {
      throw unknown(
        "rpn.head.cls_logits.weight: expected \(detector.anchorsPerLocation) anchors per "
          + "location, as the anchor sizes and aspect ratios give, found \(anchors); "
          + "say which with --anchor-sizes and --aspect-ratios")
    }
    return detector
  }

  private func size(_ name: String, _ dimension: Int, of rank: Int) throws(ModelError) -> Int {
    guard let entry = entries[name] else {
      throw unknown("expected a tensor named \(name), found none")
    }
    guard entry.shape.count == rank, let size = entry.shape.dropFirst(dimension).first,
      (1...1 << 20).contains(size)
    else { throw unknown("\(name): expected \(rank) dimensions, found \(entry.shape)") }
    return size
  }

  private func unknown(_ reason: String) -> ModelError {
    .unknownArchitecture(path: path, reason: reason)
  }
}

/// Names that torchvision gave its parameters in earlier years, and wrappers put in front.
enum ParameterNames {
  /// The present-day name: `rpn.head.conv.weight` → `rpn.head.conv.0.0.weight`,
  /// `inner_blocks.0.weight` → `inner_blocks.0.0.weight`, without `module.` in front.
  static func current(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.count > 1, parts[0] == "module" { parts.removeFirst() }
    if parts.count == 4, parts.starts(with: ["rpn", "head", "conv"]) {
      parts.insert(contentsOf: ["0", "0"], at: 3)
    } else if parts.count == 5, parts.starts(with: ["backbone", "fpn"]),
      parts[2] == "inner_blocks" || parts[2] == "layer_blocks"
    {
      parts.insert("0", at: 4)
    }
    return parts.joined(separator: ".")
  }
}

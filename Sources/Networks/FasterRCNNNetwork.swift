/// Faster R-CNN with a feature pyramid (Ren et al. 2015; Lin et al. 2017), in torchvision's form:
/// the parts made of layers. Anchors, proposals and RoIAlign stand in the module `Detection`.
public struct FasterRCNNNetwork: Sendable, Hashable {
  /// The trunk.
  public let trunk: ResNet
  /// Channels of the pyramid's levels.
  public let pyramidChannels: Int
  /// Width of the box head's two hidden layers.
  public let boxHeadWidth: Int
  /// Classes with the background.
  public let classes: Int
  /// Anchors at each position of a level.
  public let anchorsPerPosition: Int
  /// Side of a pooled region.
  public let regionSide: Int
  /// Levels read by the RPN: four of the trunk and one pooled from the last.
  public static let levels = 5

  /// A detector.
  /// - Parameter classes: with the background.
  public init(
    trunk: ResNet, pyramidChannels: Int = 256, boxHeadWidth: Int = 1024, classes: Int,
    anchorsPerPosition: Int = 3, regionSide: Int = 7
  ) {
    self.trunk = trunk
    self.pyramidChannels = pyramidChannels
    self.boxHeadWidth = boxHeadWidth
    self.classes = classes
    self.anchorsPerPosition = anchorsPerPosition
    self.regionSide = regionSide
  }

  /// From the picture to the pyramid, with the outputs `fpn.0` to `fpn.3` and `fpn.pool`.
  public func pyramidGraph() -> Graph {
    var graph = Graph()
    addPyramid(to: &graph)
    return graph
  }

  /// From the picture to the pyramid and the RPN's outputs. Its outputs are `fpn.0` to `fpn.3` and
  /// `fpn.pool` (`[1, h, w, pyramidChannels]`), `rpn.logits.L` (`[1, h, w, A]`) and `rpn.deltas.L`
  /// (`[1, h, w, 4A]`) for each level L.
  public func featureGraph() -> Graph {
    var graph = Graph()
    let levels = addPyramid(to: &graph)
    graph.stage("rpn")
    for (index, level) in levels.enumerated() {
      let hidden = graph.relu(
        graph.convolution(
          level, name: "rpn.head.conv.0.0", from: pyramidChannels, to: pyramidChannels, kernel: 3,
          bias: true))
      let logits = graph.convolution(
        hidden, name: "rpn.head.cls_logits", from: pyramidChannels, to: anchorsPerPosition,
        kernel: 1, bias: true)
      let deltas = graph.convolution(
        hidden, name: "rpn.head.bbox_pred", from: pyramidChannels, to: 4 * anchorsPerPosition,
        kernel: 1, bias: true)
      graph.output(logits, name: "rpn.logits.\(index)", fullPrecision: true)
      graph.output(deltas, name: "rpn.deltas.\(index)", fullPrecision: true)
    }
    return graph
  }

  @discardableResult
  private func addPyramid(to graph: inout Graph) -> [NodeID] {
    graph.stage("trunk")
    let input = graph.input(channels: 3)
    let stages = trunk.add(to: &graph, input: input, prefix: "backbone.body.")
    graph.stage("fpn")
    let levels = pyramid(stages, &graph)
    for (index, level) in levels.enumerated() {
      graph.output(level, name: index < 4 ? "fpn.\(index)" : "fpn.pool")
    }
    return levels
  }

  /// From pooled regions `[R, side, side, pyramidChannels]` to `class_logits` (`[R, 1, 1, classes]`) and
  /// `box_deltas` (`[R, 1, 1, 4 × classes]`).
  public func boxHeadGraph() -> Graph {
    var graph = Graph()
    graph.stage("box_head")
    let regions = graph.input(channels: pyramidChannels)
    let flattened = pyramidChannels * regionSide * regionSide
    var x = graph.relu(
      graph.linear(regions, name: "roi_heads.box_head.fc6", from: flattened, to: boxHeadWidth))
    x = graph.relu(
      graph.linear(x, name: "roi_heads.box_head.fc7", from: boxHeadWidth, to: boxHeadWidth))
    let logits = graph.linear(
      x, name: "roi_heads.box_predictor.cls_score", from: boxHeadWidth, to: classes)
    let deltas = graph.linear(
      x, name: "roi_heads.box_predictor.bbox_pred", from: boxHeadWidth, to: 4 * classes)
    graph.output(logits, name: "class_logits", fullPrecision: true)
    graph.output(deltas, name: "box_deltas", fullPrecision: true)
    return graph
  }

  /// Every parameter of the detector.
  public var parameters: [ParameterSpecification] {
    featureGraph().parameters + boxHeadGraph().parameters
  }

  /// Lateral 1×1 convolutions, summed from the coarsest level down, then a 3×3 on each level; the
  /// fifth level is every second position of the fourth (a max pooling with a window of 1).
  private func pyramid(_ stages: [NodeID], _ graph: inout Graph) -> [NodeID] {
    let channels = trunk.stageChannels
    var inner: [NodeID] = stages
    for level in (0..<4).reversed() {
      let lateral = graph.convolution(
        stages[level], name: "backbone.fpn.inner_blocks.\(level).0", from: channels[level],
        to: pyramidChannels, kernel: 1, bias: true)
      inner[level] =
        level == 3
        ? lateral : graph.add(lateral, graph.upsampleNearest(inner[level + 1], like: lateral))
    }
    var levels = (0..<4).map { level in
      graph.convolution(
        inner[level], name: "backbone.fpn.layer_blocks.\(level).0", from: pyramidChannels,
        to: pyramidChannels, kernel: 3, bias: true)
    }
    levels.append(graph.maxPool(levels[3], Window(size: 1, stride: 2)))
    return levels
  }
}

/// ResNet trunks (He et al. 2016, table 1), with torchvision's names and its stride in the 3×3
/// convolution of the bottleneck.
public struct ResNet: Sendable, Hashable {
  /// Which of the family.
  public enum Depth: String, Sendable, Hashable, CaseIterable, Codable {
    /// Two basic blocks a stage.
    case resnet18
    /// 3, 4, 6, 3 basic blocks.
    case resnet34
    /// 3, 4, 6, 3 bottleneck blocks.
    case resnet50

    /// Blocks in each of the four stages.
    public var blocks: [Int] { self == .resnet18 ? [2, 2, 2, 2] : [3, 4, 6, 3] }
    /// Whether a block is 1×1, 3×3, 1×1.
    public var isBottleneck: Bool { self == .resnet50 }
    /// Output channels of a block over its inner width.
    public var expansion: Int { isBottleneck ? 4 : 1 }
    /// Channels of the last stage.
    public var outputChannels: Int { 512 * expansion }
  }

  /// How the pictures enter.
  public enum Stem: String, Sendable, Hashable, CaseIterable, Codable {
    /// 7×7 with stride 2, then 3×3 max pooling with stride 2.
    case imagenet
    /// 3×3 with stride 1, no pooling: for 32×32 pictures.
    case cifar
  }

  /// Which of the family.
  public let depth: Depth
  /// How the pictures enter.
  public let stem: Stem
  /// Added to the variance by batch normalisation: 1e-5, or 0 for torchvision's COCO_V1 weights.
  public let batchNormEpsilon: Float

  /// A trunk.
  public init(depth: Depth, stem: Stem = .imagenet, batchNormEpsilon: Float = 1e-5) {
    self.depth = depth
    self.stem = stem
    self.batchNormEpsilon = batchNormEpsilon
  }

  /// Channels of the four stages.
  public var stageChannels: [Int] { [64, 128, 256, 512].map { $0 * depth.expansion } }

  /// Adds the trunk to a graph.
  /// - Parameter prefix: what the names begin with, such as `backbone.body.`.
  /// - Returns: the outputs of the four stages, at 1/4 to 1/32 of the picture for the ImageNet stem.
  public func add(to graph: inout Graph, input: NodeID, prefix: String = "") -> [NodeID] {
    let isCIFAR = stem == .cifar
    var x = graph.convolution(
      input, name: prefix + "conv1", from: 3, to: 64, kernel: isCIFAR ? 3 : 7,
      stride: isCIFAR ? 1 : 2)
    x = graph.relu(
      graph.batchNormalization(
        x, name: prefix + "bn1", channels: 64, epsilon: batchNormEpsilon))
    if !isCIFAR { x = graph.maxPool(x, Window(size: 3, stride: 2, padding: 1)) }

    var channels = 64
    var stages: [NodeID] = []
    for (stage, count) in depth.blocks.enumerated() {
      let width = 64 << stage
      for block in 0..<count {
        let shape = Block(
          name: "\(prefix)layer\(stage + 1).\(block)", from: channels, width: width,
          to: width * depth.expansion, stride: stage > 0 && block == 0 ? 2 : 1)
        x =
          depth.isBottleneck ? bottleneck(shape, x, &graph) : basicBlock(shape, x, &graph)
        channels = width * depth.expansion
      }
      stages.append(x)
    }
    return stages
  }

  /// A classifier: trunk, mean over the picture, linear layer. Outputs `embedding` and, with a head,
  /// `logits`.
  /// - Parameter classes: the head's classes, nil for a backbone without a head.
  public func classifier(classes: Int?) -> Graph {
    var graph = Graph()
    graph.stage("trunk")
    let input = graph.input(channels: 3)
    let stages = add(to: &graph, input: input)
    let embedding = graph.globalAveragePool(stages[3])
    graph.output(embedding, name: "embedding", fullPrecision: true)
    if let classes {
      graph.stage("head")
      let logits = graph.linear(embedding, name: "fc", from: depth.outputChannels, to: classes)
      graph.output(logits, name: "logits", fullPrecision: true)
    }
    return graph
  }
}

extension ResNet {
  private struct Block {
    let name: String
    let from, width, to, stride: Int

    init(name: String, from: Int, width: Int, to: Int, stride: Int) {
      self.name = name
      self.from = from
      self.width = width
      self.to = to
      self.stride = stride
    }
  }

  private func normalized(
    _ x: NodeID, _ block: Block, _ layer: String, from: Int, to: Int, kernel: Int, stride: Int,
    _ graph: inout Graph
  ) -> NodeID {
    let convolution = graph.convolution(
      x, name: "\(block.name).conv\(layer)", from: from, to: to, kernel: kernel, stride: stride)
    return graph.batchNormalization(
      convolution, name: "\(block.name).bn\(layer)", channels: to, epsilon: batchNormEpsilon)
  }

  private func shortcut(_ x: NodeID, _ block: Block, _ graph: inout Graph) -> NodeID {
    guard block.stride != 1 || block.from != block.to else { return x }
    let convolution = graph.convolution(
      x, name: "\(block.name).downsample.0", from: block.from, to: block.to, kernel: 1,
      stride: block.stride)
    return graph.batchNormalization(
      convolution, name: "\(block.name).downsample.1", channels: block.to,
      epsilon: batchNormEpsilon)
  }

  private func basicBlock(_ block: Block, _ x: NodeID, _ graph: inout Graph) -> NodeID {
    var y = normalized(
      x, block, "1", from: block.from, to: block.width, kernel: 3, stride: block.stride, &graph)
    y = graph.relu(y)
    y = normalized(y, block, "2", from: block.width, to: block.to, kernel: 3, stride: 1, &graph)
    return graph.relu(graph.add(y, shortcut(x, block, &graph)))
  }

  private func bottleneck(_ block: Block, _ x: NodeID, _ graph: inout Graph) -> NodeID {
    var y = normalized(
      x, block, "1", from: block.from, to: block.width, kernel: 1, stride: 1, &graph)
    y = graph.relu(y)
    y = normalized(
      y, block, "2", from: block.width, to: block.width, kernel: 3, stride: block.stride, &graph)
    y = graph.relu(y)
    y = normalized(y, block, "3", from: block.width, to: block.to, kernel: 1, stride: 1, &graph)
    return graph.relu(graph.add(y, shortcut(x, block, &graph)))
  }
}

/// A network, described once: what is computed from what, with the names of the parameters.
///
/// The graph says nothing of memory, precision, batch or picture size. A plan is compiled from it
/// for those: inference folds and fuses, the input's gradient and training read the same nodes.
public struct Graph: Sendable {
  /// The nodes; a node's inputs stand before it.
  public private(set) var nodes: [Node] = []
  /// The results by name, in the order in which they were marked.
  public private(set) var outputs: [Output] = []
  private var currentStage = "network"

  /// One result of the network.
  public struct Output: Sendable, Hashable {
    /// Its name, such as `fpn.0`.
    public let name: String
    /// The node that computes it.
    public let node: NodeID
    /// Whether its reader needs it in f32 whatever the plan's precision (logits, box deltas).
    public let isFullPrecision: Bool
  }

  /// An empty graph.
  public init() {}

  /// Names the stage that the nodes added from here on belong to; times are reported by stage.
  public mutating func stage(_ name: String) { currentStage = name }

  /// Makes a node a result of the network.
  public mutating func output(_ node: NodeID, name: String, fullPrecision: Bool = false) {
    outputs.append(Output(name: name, node: node, isFullPrecision: fullPrecision))
  }

  /// Appends an operation on earlier nodes.
  @discardableResult
  public mutating func append(_ operation: Operation, _ inputs: [NodeID] = []) -> NodeID {
    nodes.append(Node(operation: operation, inputs: inputs, stage: currentStage))
    return NodeID(index: nodes.count - 1)
  }

  /// Every parameter and stored statistic with its shape, in the order of first use. A parameter that
  /// several nodes share (the RPN head runs on each level) is listed once.
  public var parameters: [ParameterSpecification] {
    var seen = Set<String>()
    return nodes.flatMap(\.operation.parameters).filter { seen.insert($0.name).inserted }
  }
}

/// A node's place in its graph.
public struct NodeID: Sendable, Hashable {
  /// Index into `Graph.nodes`.
  public let index: Int
}

/// One operation and where its inputs come from.
public struct Node: Sendable {
  /// What is computed.
  public let operation: Operation
  /// The nodes it reads.
  public let inputs: [NodeID]
  /// The stage whose time it counts in.
  public let stage: String
}

/// A parameter's name, as torchvision writes it, and its shape.
public struct ParameterSpecification: Sendable, Hashable {
  /// The name, such as `backbone.body.layer1.0.conv1.weight`.
  public let name: String
  /// The shape, such as `[64, 64, 3, 3]`.
  public let shape: [Int]

  /// A parameter.
  public init(name: String, shape: [Int]) {
    self.name = name
    self.shape = shape
  }
}

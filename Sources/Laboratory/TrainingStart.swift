import Engine
import Models
import Networks
import Tensors

/// What a training begins with: a network, how its pictures are normalised, and first values.
struct TrainingStart {
  let network: ResNet
  let normalisation: Normalisation
  let source: ParameterSource
  /// For the account of how it was trained.
  let origin: String

  /// - Parameters:
  ///   - network: the network to train.
  ///   - initial: a backbone to begin with; parameters that it lacks, such as a head for other
  ///     classes, are drawn from the seed.
  /// - Throws: `LaboratoryError.network` where it is another network.
  init(_ network: ResNet, graph: Graph, initial: BackboneFile?, seed: UInt64) throws {
    let drawn = InitialParameters(for: graph.parameters, seed: seed)
    guard let initial else {
      self.network = network
      normalisation = network.stem == .cifar ? .cifar10 : .imagenet
      source = { try drawn.tensor($0) }
      origin = "from scratch"
      return
    }
    let found = initial.architecture
    guard found.trunk == network.depth, found.stem == network.stem else {
      throw LaboratoryError.network(
        expected: "a \(network.depth.rawValue) with the stem \(network.stem.rawValue)",
        found: "a \(found.trunk.rawValue) with the stem \(found.stem.rawValue)")
    }
    self.network = network
    normalisation = initial.normalisation
    let shapes = Dictionary(
      initial.graph.parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { one, _ in one })
    let wanted = Dictionary(
      graph.parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { one, _ in one })
    source = { name in
      let isThere = shapes[name] != nil && shapes[name] == wanted[name]
      return isThere ? try initial.parameter(name) : try drawn.tensor(name)
    }
    // The file's name alone: where it lies on somebody's disk is nobody else's business.
    origin = "from \(initial.path.split(separator: "/").last ?? "a file")"
  }
}

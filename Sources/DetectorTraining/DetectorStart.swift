import Engine
import Foundation
import Laboratory
import Models
import Networks
import Tensors

/// What a detector's training begins with.
public enum DetectorOrigin: Sendable {
  /// Random weights.
  case scratch
  /// A trunk; the rest is random.
  case backbone(BackboneFile)
  /// A detector of the same architecture.
  case model(ModelBundle)

  /// How pictures are normalised.
  public var normalisation: Normalisation {
    switch self {
    case .scratch: .imagenet
    case .backbone(let file): file.normalisation
    case .model(let bundle): bundle.manifest.normalisation
    }
  }

  /// The classes of a detector to begin with, in the order of its outputs.
  public var classes: [String]? {
    if case .model(let bundle) = self { return bundle.manifest.classes }
    return nil
  }

  /// For the account of how it was trained: names alone, where a file lies is nobody's business.
  package var account: String {
    switch self {
    case .scratch: "from scratch"
    case .backbone(let file): "from the trunk \(file.path.split(separator: "/").last ?? "given")"
    case .model(let bundle): "from the model \(bundle.manifest.name)"
    }
  }
}

/// A detector's parameters before its training. Those that no file gives are drawn as torchvision
/// draws them:
///
/// | parameter | values |
/// |---|---|
/// | pyramid | uniform in `±√(3 / fan-in)` (He et al. 2015 with slope 1), bias 0 |
/// | RPN | normal, deviation 0.01, bias 0 |
/// | trunk, box head | as `InitialParameters` |
struct DetectorStart {
  private let drawn: InitialParameters
  private let shapes: [String: [Int]]
  private let origin: DetectorOrigin
  private let seed: UInt64

  /// - Throws: `LaboratoryError.network` where the given file is of another network.
  /// - Parameter classes: in the order of the head's outputs; those of a model to begin with.
  init(
    _ architecture: FasterRCNNArchitecture, classes: [String], origin: DetectorOrigin, seed: UInt64
  ) throws {
    let parameters = architecture.network.parameters
    drawn = InitialParameters(for: parameters, seed: seed)
    shapes = Dictionary(
      parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    self.origin = origin
    self.seed = seed
    switch origin {
    case .scratch: break
    case .backbone(let file):
      let found = file.architecture
      guard found.trunk == architecture.trunk, found.stem == .imagenet else {
        throw LaboratoryError.network(
          expected: "a \(architecture.trunk.rawValue) with the stem imagenet",
          found: "a \(found.trunk.rawValue) with the stem \(found.stem.rawValue)")
      }
    case .model(let bundle):
      guard bundle.manifest.architecture == .fasterRCNN(architecture) else {
        throw LaboratoryError.network(
          expected: "a detector of the same architecture and number of classes",
          found: "\(bundle.manifest.name), which differs")
      }
      guard bundle.manifest.classes == classes else {
        throw LaboratoryError.classes(
          expected: "\(bundle.manifest.name)'s classes "
            + bundle.manifest.classes.joined(separator: ","),
          found: classes.joined(separator: ","))
      }
    }
  }

  func parameter(_ name: String) throws -> Tensor {
    switch origin {
    case .model(let bundle): return try bundle.tensor(name)
    case .backbone(let file) where name.hasPrefix(Self.trunk):
      return try file.parameter(String(name.dropFirst(Self.trunk.count)))
    case .backbone, .scratch: return try draw(name)
    }
  }

  private static let trunk = "backbone.body."

  private func draw(_ name: String) throws -> Tensor {
    let isPyramid = name.hasPrefix("backbone.fpn.")
    guard isPyramid || name.hasPrefix("rpn."), let shape = shapes[name] else {
      return try drawn.tensor(name)
    }
    var tensor = try Tensor(shape: shape)
    guard name.hasSuffix(".weight") else { return tensor }
    var random = SeededRandom(seed, 0x6465_7465_6374, InitialParameters.hash(name))
    let limit = (3 / Float(shape.dropFirst().reduce(1, *))).squareRoot()
    for index in tensor.values.indices {
      tensor.values[index] = isPyramid ? random.uniform(-limit...limit) : 0.01 * random.gaussian()
    }
    return tensor
  }
}

import Engine
import Networks
import Tensors

/// The parameters of a network before any training, as torchvision and PyTorch draw them:
///
/// | parameter | values |
/// |---|---|
/// | convolution's weight | normal, deviation `√(2 / (output channels · kernel area))` (He et al. 2015, fan-out) |
/// | batch normalisation | weight 1, bias 0, stored mean 0, stored variance 1 |
/// | linear layer's weight and bias, convolution's bias | uniform in `±1/√fan-in` |
///
/// A parameter depends on the seed, its name and its shape only, not on the rest of the network: a
/// trunk begins alike whatever head stands on it. The numbers are not PyTorch's.
public struct InitialParameters: Sendable {
  private let shapes: [String: [Int]]
  private let seed: UInt64

  /// Parameters for a network.
  public init(for parameters: [ParameterSpecification], seed: UInt64) {
    shapes = Dictionary(
      parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    self.seed = seed
  }

  /// A parameter by name.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func tensor(_ name: String) throws -> Tensor {
    guard let shape = shapes[name] else {
      throw EngineError.unknownOutput(name: name, known: shapes.keys.sorted())
    }
    if name.hasSuffix(".running_mean") { return try Tensor(shape: shape) }
    if name.hasSuffix(".running_var") { return try Tensor(shape: shape, repeating: 1) }
    let isWeight = name.hasSuffix(".weight")
    // What kind of layer it is of shows in the shape of the layer's weight.
    let layer = isWeight ? shape : shapes[weightName(besideBias: name)] ?? []
    guard layer.count > 1 else {
      return try Tensor(shape: shape, repeating: isWeight ? 1 : 0)
    }
    var random = SeededRandom(seed, 0x696e_6974, Self.hash(name))
    var tensor = try Tensor(shape: shape)
    let count = tensor.count
    if isWeight && layer.count == 4 {
      let fanOut = Float(layer[0] * layer[2] * layer[3])
      let deviation = (2 / fanOut).squareRoot()
      tensor.values = (0..<count).map { _ in deviation * random.gaussian() }
    } else {
      let fanIn = Float(layer.dropFirst().reduce(1, *))
      let limit = 1 / fanIn.squareRoot()
      tensor.values = (0..<count).map { _ in random.uniform(-limit...limit) }
    }
    return tensor
  }

  private func weightName(besideBias name: String) -> String {
    name.split(separator: ".").dropLast().joined(separator: ".") + ".weight"
  }

  /// 64-bit FNV-1a.
  package static func hash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }
}

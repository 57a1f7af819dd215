import Tensors

/// Parameters drawn from their names, the same on every machine: for benchmarks and tests of a
/// network whose trained weights are not at hand. `tools/reference_vectors.py` draws the same.
///
/// Value i of a parameter is `u = splitmix64(fnv1a(name) + i) / 2⁶⁴`, in 24 bits, mapped to
/// ±√(1.5 / fan-in) for weights, which keeps a detector's activations near 1, to ±0.1 for biases
/// and means and to 0.5…1.5 for scales and variances.
public struct RandomParameters: Sendable {
  private let shapes: [String: [Int]]

  /// Parameters for a network.
  public init(for parameters: [ParameterSpecification]) {
    shapes = Dictionary(
      parameters.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
  }

  /// A parameter by name.
  /// - Throws: `RandomParametersError` for a name that the network does not have.
  public func tensor(_ name: String) throws -> Tensor {
    guard let shape = shapes[name] else { throw RandomParametersError(name: name) }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let fanIn = Float(shape.dropFirst().reduce(1, *))
    let (low, high): (Float, Float) =
      if shape.count > 1 {
        (-(1.5 / fanIn).squareRoot(), (1.5 / fanIn).squareRoot())
      } else if name.hasSuffix(".bias") || name.hasSuffix(".running_mean") {
        (-0.1, 0.1)
      } else {
        (0.5, 1.5)
      }
    let count = try Tensor.count(of: shape)
    let values = (0..<count).map { index in
      let unit = Float(Self.splitmix(hash &+ UInt64(index)) >> 40) * 0x1p-24
      return low + (high - low) * unit
    }
    return try Tensor(shape: shape, values: values)
  }

  private static func splitmix(_ state: UInt64) -> UInt64 {
    var z = state &* 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// A parameter was asked for that the network does not have.
public struct RandomParametersError: Error, Equatable, CustomStringConvertible {
  /// The name asked for.
  public let name: String

  /// One line.
  public var description: String {
    "expected the name of a parameter of the network, found \(name)"
  }
}

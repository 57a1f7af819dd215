import CKernels
import Networks
import Tensors

/// A network's parameters and stored statistics in f32, with their gradients: the master copy that
/// training changes and plans pack anew. One thread uses it.
public final class ParameterStore {
  /// Names and shapes, in the order of first use.
  public let specifications: [ParameterSpecification]
  private let ranges: [String: Range<Int>]
  private let values: Arena
  /// Made when the first gradient is asked for: what is only read has none.
  private var gradientArena: Arena?
  /// Floats in all, each parameter padded to whole cache lines.
  let count: Int

  /// Copies parameters from a source.
  /// - Throws: `EngineError.parameterShape` where one has another shape, or what `source` throws.
  public init(_ specifications: [ParameterSpecification], source: ParameterSource) throws {
    self.specifications = specifications
    var ranges: [String: Range<Int>] = [:]
    var end = 0
    for specification in specifications {
      let count = try Tensor.count(of: specification.shape)
      ranges[specification.name] = end..<(end + count)
      end += MemoryPlan.padded(count * 4) / 4
    }
    self.ranges = ranges
    count = end
    values = try Arena(byteCount: end * 4)
    for specification in specifications {
      try set(specification.name, to: try source(specification.name))
    }
  }

  /// Replaces a parameter.
  /// - Throws: `EngineError.parameterShape` where the shape differs.
  public func set(_ name: String, to tensor: Tensor) throws {
    let expected = try specification(name).shape
    guard tensor.shape == expected else {
      throw EngineError.parameterShape(name: name, expected: expected, found: tensor.shape)
    }
    _ = try values(name).update(from: tensor.values)
  }

  /// Moves every parameter back towards another network's: `other + share × (own − other)`.
  /// - Throws: `EngineError.parameterShape` where one has another shape, or what `other` throws.
  public func interpolate(from other: ParameterSource, share: Float) throws {
    guard share != 1 else { return }
    for specification in specifications {
      let start = try other(specification.name)
      guard start.shape == specification.shape else {
        throw EngineError.parameterShape(
          name: specification.name, expected: specification.shape, found: start.shape)
      }
      let values = try values(specification.name)
      for index in values.indices {
        values[index] = start.values[index] + share * (values[index] - start.values[index])
      }
    }
  }

  /// A copy of a parameter.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func tensor(_ name: String) throws -> Tensor {
    try Tensor(shape: specification(name).shape, values: Array(values(name)))
  }

  /// A copy of a parameter's gradient.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func gradient(_ name: String) throws -> Tensor {
    try Tensor(shape: specification(name).shape, values: Array(gradients(name)))
  }

  /// A parameter in place.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func values(_ name: String) throws -> UnsafeMutableBufferPointer<Float> {
    try slice(values, name)
  }

  /// A parameter's gradient in place.
  /// - Throws: `EngineError.unknownOutput` for a name that the network does not have.
  public func gradients(_ name: String) throws -> UnsafeMutableBufferPointer<Float> {
    let arena = try gradientArena ?? Arena(byteCount: count * 4)
    gradientArena = arena
    return try slice(arena, name)
  }

  /// Whether every parameter is finite.
  public var isFinite: Bool {
    values.bytes.bindMemory(to: Float.self)[..<count].allSatisfy(\.isFinite)
  }

  private func slice(_ arena: Arena, _ name: String) throws -> UnsafeMutableBufferPointer<Float> {
    guard let range = ranges[name] else { throw unknown(name) }
    return UnsafeMutableBufferPointer(rebasing: arena.bytes.bindMemory(to: Float.self)[range])
  }

  private func specification(_ name: String) throws -> ParameterSpecification {
    guard let known = specifications.first(where: { $0.name == name }) else { throw unknown(name) }
    return known
  }

  private func unknown(_ name: String) -> EngineError {
    .unknownOutput(name: name, known: specifications.map(\.name))
  }
}

extension ParameterSpecification {
  /// Whether it is a statistic that batch normalisation stores, which no gradient changes.
  public var isStatistic: Bool {
    name.hasSuffix(".running_mean") || name.hasSuffix(".running_var")
  }
}

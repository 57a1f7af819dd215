import CKernels
import Glibc
import Networks
import Tensors

/// Stochastic gradient descent with momentum and weight decay, as PyTorch defines it:
/// `v = momentum · v + g + decay · w`, `w −= rate · v`. One thread uses it.
public final class StochasticGradientDescent {
  /// Share of the velocity that is kept.
  public let momentum: Float
  /// Added to a gradient for each unit of its weight.
  public let weightDecay: Float
  private let store: ParameterStore
  private let trained: [String]
  private var velocities: [String: [Float]]

  /// An optimiser at rest.
  /// - Parameter isTrained: which parameters it changes; stored statistics never.
  /// - Throws: `EngineError` where the store lacks a parameter.
  public init(
    _ store: ParameterStore, momentum: Float, weightDecay: Float,
    isTrained: (_ name: String) -> Bool = { _ in true }
  ) throws {
    self.store = store
    self.momentum = momentum
    self.weightDecay = weightDecay
    trained = store.specifications.filter { !$0.isStatistic && isTrained($0.name) }.map(\.name)
    velocities = [:]
    for name in trained {
      velocities[name] = [Float](repeating: 0, count: try store.values(name).count)
    }
  }

  /// One step along the gradients.
  public func step(rate: Float) throws {
    for name in trained {
      let weights = try store.values(name)
      let gradients = try store.gradients(name)
      velocities[name]?.withUnsafeMutableBufferPointer { velocity in
        cs_sgd(
          weights.baseAddress, gradients.baseAddress, velocity.baseAddress, velocity.count, rate,
          momentum, weightDecay)
      }
    }
  }

  /// The velocities, for a checkpoint.
  public var state: [String: [Float]] { velocities }

  /// Takes velocities up again.
  /// - Throws: `EngineError.parameterShape` where one is missing or has another count.
  public func restore(_ state: [String: [Float]]) throws {
    for name in trained {
      let expected = velocities[name]?.count ?? 0
      guard let found = state[name], found.count == expected else {
        throw EngineError.parameterShape(
          name: "velocity of \(name)", expected: [expected], found: [state[name]?.count ?? 0])
      }
      velocities[name] = found
    }
  }
}

/// The rate along half a cosine: `rate · (1 + cos(π · step / steps)) / 2` after a linear warm-up
/// (Loshchilov & Hutter 2017, equation 5, without restarts).
public struct CosineSchedule: Sendable, Hashable {
  /// The greatest rate.
  public let rate: Float
  /// Steps in all.
  public let steps: Int
  /// Steps over which the rate rises from 0.
  public let warmUp: Int

  /// A schedule.
  public init(rate: Float, steps: Int, warmUp: Int = 0) {
    self.rate = rate
    self.steps = max(steps, 1)
    self.warmUp = warmUp
  }

  /// The rate of a step, counted from 0.
  public func rate(at step: Int) -> Float {
    if step < warmUp { return rate * Float(step + 1) / Float(warmUp) }
    let progress = Double(step - warmUp) / Double(max(steps - warmUp, 1))
    return rate * Float((1 + cos(Double.pi * min(progress, 1))) / 2)
  }
}

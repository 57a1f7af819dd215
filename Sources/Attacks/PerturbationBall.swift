import Tensors

/// The ball that a picture's perturbation stays in, within valid pixels, and the steps that projected
/// gradient ascent takes in it (Madry et al. 2018, "Towards Deep Learning Models Resistant to
/// Adversarial Attacks", section 2.1).
///
/// Buffers hold the values of one picture each, pixels in `0…1`, and are of one length.
public struct PerturbationBall: Sendable, Hashable {
  /// The norm that bounds a perturbation.
  public enum Norm: String, Sendable, Hashable, Codable, CaseIterable {
    /// The greatest change of a value.
    case linf
    /// The root of the sum of squares over a picture.
    case l2
  }

  /// The bound's norm.
  public let norm: Norm
  /// The bound, of pixels in `0…1`.
  public let epsilon: Float
  /// The length of a step, of pixels in `0…1`.
  public let step: Float

  /// A ball.
  /// - Parameters:
  ///   - epsilon: the bound, at least 0, of pixels in `0…1`.
  ///   - step: the length of a step, at least 0, of pixels in `0…1`.
  public init(norm: Norm, epsilon: Float, step: Float) {
    self.norm = norm
    self.epsilon = epsilon
    self.step = step
  }

  /// A random point of the ball: uniform in L∞, a random direction of a random length in L2.
  /// - Parameters:
  ///   - x: where the point goes.
  ///   - clean: the picture in the ball's middle.
  public func start(
    _ x: UnsafeMutableBufferPointer<Float>, around clean: UnsafeBufferPointer<Float>,
    random: inout SeededRandom
  ) {
    switch norm {
    case .linf:
      for index in x.indices { x[index] = clean[index] + random.uniform(-epsilon...epsilon) }
    case .l2:
      for index in x.indices { x[index] = clean[index] + random.gaussian() }
      project(x, around: clean, to: epsilon * random.uniform())
    }
    clamp(x)
  }

  /// One step of ascent and the projection back.
  /// - Parameters:
  ///   - x: the point; moved.
  ///   - clean: the picture in the ball's middle.
  ///   - gradient: by the pixels at the point; where it is 0 nothing moves.
  public func ascend(
    _ x: UnsafeMutableBufferPointer<Float>, around clean: UnsafeBufferPointer<Float>,
    along gradient: UnsafeBufferPointer<Float>
  ) {
    switch norm {
    case .linf:
      for index in x.indices {
        let slope = gradient[index]
        let moved = x[index] + (slope > 0 ? step : slope < 0 ? -step : 0)
        x[index] = max(clean[index] - epsilon, min(clean[index] + epsilon, moved))
      }
    case .l2:
      let length = Self.length(gradient)
      guard length > 0 else { return }
      let factor = step / length
      for index in x.indices { x[index] += factor * gradient[index] }
      project(x, around: clean, to: epsilon)
    }
    clamp(x)
  }

  private func project(
    _ x: UnsafeMutableBufferPointer<Float>, around clean: UnsafeBufferPointer<Float>,
    to radius: Float
  ) {
    var squares: Float = 0
    for index in x.indices { squares += (x[index] - clean[index]) * (x[index] - clean[index]) }
    let length = squares.squareRoot()
    guard length > radius else { return }
    let factor = radius / length
    for index in x.indices { x[index] = clean[index] + (x[index] - clean[index]) * factor }
  }

  private func clamp(_ x: UnsafeMutableBufferPointer<Float>) {
    for index in x.indices { x[index] = max(0, min(1, x[index])) }
  }

  /// The root of the sum of squares.
  public static func length(_ values: UnsafeBufferPointer<Float>) -> Float {
    var squares: Float = 0
    for value in values { squares += value * value }
    return squares.squareRoot()
  }
}

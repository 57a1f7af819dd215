/// Limited-memory BFGS (Nocedal and Wright 2006, "Numerical Optimization", algorithms 7.4 and 7.5)
/// with backtracking, for smooth convex functions.
public struct LBFGS: Sendable {
  /// Steps remembered.
  public var history: Int
  /// Steps at most.
  public var maximumIterations: Int
  /// The largest component of the gradient at which it stops.
  public var tolerance: Double

  /// A search.
  public init(history: Int = 10, maximumIterations: Int = 200, tolerance: Double = 1e-5) {
    self.history = history
    self.maximumIterations = maximumIterations
    self.tolerance = tolerance
  }

  /// What came of a minimisation.
  public struct Outcome: Sendable {
    /// Steps taken.
    public var iterations: Int
    /// Whether it stopped by itself.
    public var converged: Bool
    /// The function's value there.
    public var value: Double
  }

  /// A remembered step: how the point and the gradient changed.
  private struct Step {
    var point: [Double]
    var gradient: [Double]
    var inverseCurvature: Double
  }

  /// Moves `point` to the minimum. `function` returns the value at a point and fills the gradient.
  ///
  /// Where no step lowers the value any more, the rounding of `function` is reached; that counts as
  /// converged.
  public func minimise(
    _ point: inout [Double], _ function: ([Double], inout [Double]) -> Double
  ) -> Outcome {
    var gradient = [Double](repeating: 0, count: point.count)
    var value = function(point, &gradient)
    var steps: [Step] = []
    for iteration in 0..<max(maximumIterations, 0) {
      guard value.isFinite else {
        return Outcome(iterations: iteration, converged: false, value: value)
      }
      if gradient.allSatisfy({ abs($0) <= tolerance }) {
        return Outcome(iterations: iteration, converged: true, value: value)
      }
      var direction = direction(gradient, steps)
      var slope = dot(direction, gradient)
      if !(slope < 0) {  // Rounding spoilt the memory: start again from the gradient.
        steps = []
        direction = gradient.map { -$0 }
        slope = dot(direction, gradient)
      }
      // Without a memory the length of the gradient says nothing about that of the step.
      var length = steps.isEmpty ? min(1, 1 / (-slope).squareRoot()) : 1
      var next = point
      var nextGradient = gradient
      var nextValue = Double.infinity
      for _ in 0..<30 {
        for index in point.indices { next[index] = point[index] + length * direction[index] }
        nextValue = function(next, &nextGradient)
        if nextValue <= value + 1e-4 * length * slope { break }
        length /= 2
      }
      guard nextValue < value else {
        return Outcome(iterations: iteration, converged: true, value: value)
      }
      let moved = zip(next, point).map { $0 - $1 }
      let turned = zip(nextGradient, gradient).map { $0 - $1 }
      let curvature = dot(moved, turned)
      if curvature > 1e-12 * dot(turned, turned) {
        steps.append(Step(point: moved, gradient: turned, inverseCurvature: 1 / curvature))
        if steps.count > history { steps.removeFirst() }
      }
      (point, gradient, value) = (next, nextGradient, nextValue)
    }
    return Outcome(
      iterations: max(maximumIterations, 0),
      converged: gradient.allSatisfy { abs($0) <= tolerance }, value: value)
  }

  /// Minus the approximate inverse Hessian times the gradient.
  private func direction(_ gradient: [Double], _ steps: [Step]) -> [Double] {
    var result = gradient.map { -$0 }
    guard let last = steps.last else { return result }
    var shares: [Double] = []
    for step in steps.reversed() {
      let share = step.inverseCurvature * dot(step.point, result)
      for index in result.indices { result[index] -= share * step.gradient[index] }
      shares.append(share)
    }
    let scale = 1 / (last.inverseCurvature * dot(last.gradient, last.gradient))
    for index in result.indices { result[index] *= scale }
    for (step, share) in zip(steps, shares.reversed()) {
      let correction = share - step.inverseCurvature * dot(step.gradient, result)
      for index in result.indices { result[index] += correction * step.point[index] }
    }
    return result
  }

  private func dot(_ x: [Double], _ y: [Double]) -> Double {
    var sum = 0.0
    for index in x.indices { sum += x[index] * y[index] }
    return sum
  }
}

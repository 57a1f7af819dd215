/// Bicubic interpolation with aligned corners: four neighbours, the border's repeated, Keys' kernel
/// with a = -0.75 as PyTorch has it.
public enum BicubicInterpolation {
  /// The four neighbours of each of `target` places along an axis of `source` values, at least 1, and
  /// their weights.
  public static func taps(
    from source: Int, to target: Int
  ) -> [(indices: [Int], weights: [Float])] {
    let ratio = target > 1 ? Float(source - 1) / Float(target - 1) : 0
    let a: Float = -0.75
    let near = { (x: Float) in ((a + 2) * x - (a + 3)) * x * x + 1 }
    let far = { (x: Float) in ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return (0..<target).map { place in
      let position = Float(place) * ratio
      let lower = min(Int(position), source - 1)
      let t = position - Float(lower)
      let indices = (-1...2).map { min(max(lower + $0, 0), source - 1) }
      return (indices, [far(t + 1), near(t), near(1 - t), far(2 - t)])
    }
  }
}

import Tensors

/// Opaque square patches somewhere in the picture (Brown et al. 2017, "Adversarial Patch"): few pixels
/// that change by as much as they can, which no ball around the picture holds. Triggers such as
/// BadNets' are of this form.
struct PatchPerturbation: SharedPerturbation {
  /// Of each patch, the left and the top edge in pixels, then its pixels in `0…1`, `side × side × 3`.
  var state: [Float]
  private let width, height, side: Int
  /// Where each patch's edges stand in the state, and where its pixels do.
  private let starts: [Int]
  private let pixels: [Range<Int>]
  private let stepSize: Float

  /// The side as a share of the picture's shorter one: large enough to lie over a small trigger whose
  /// place is not known.
  private static let share: Float = 5.0 / 32

  /// - Parameter count: how many patches lie on each picture; where two overlap, the later is seen.
  init(count: Int = 1, width: Int, height: Int, stepSize: Float, random: inout SeededRandom) {
    self.width = width
    self.height = height
    self.stepSize = stepSize
    side = max(1, Int((Self.share * Float(min(width, height))).rounded()))
    let values = side * side * 3
    starts = (0..<count).map { $0 * (2 + values) }
    pixels = starts.map { ($0 + 2)..<($0 + 2 + values) }
    state = .init(repeating: 0, count: count * (2 + values))
    restart(random: &random)
  }

  /// Places outside the picture would be read and written outside of it.
  func accepts(_ state: [Float]) -> Bool {
    guard state.count == self.state.count else { return false }
    func fits(_ edge: Float, _ length: Int) -> Bool {
      edge >= 0 && edge <= Float(length - side) && edge == edge.rounded()
    }
    return starts.allSatisfy { fits(state[$0], width) && fits(state[$0 + 1], height) }
      && pixels.allSatisfy { state[$0].allSatisfy { (0...1).contains($0) } }
  }

  /// Anywhere; places at an edge are as likely as if the patch could reach over it.
  mutating func restart(random: inout SeededRandom) {
    func edge(_ length: Int) -> Float {
      let reach = side / 2
      return Float(max(0, min(length - side, random.integer(in: -reach...(length - side + reach)))))
    }
    for (start, pixels) in zip(starts, pixels) {
      state[start] = edge(width)
      state[start + 1] = edge(height)
      for index in pixels { state[index] = random.uniform() }
    }
  }

  func apply(
    to clean: UnsafeBufferPointer<Float>, into perturbed: UnsafeMutableBufferPointer<Float>
  ) {
    _ = perturbed.update(from: clean)
    forEachPixel(in: clean.count) { place, pixel in perturbed[pixel] = state[place] }
  }

  mutating func ascend(
    _ gradients: UnsafeBufferPointer<Float>, clean: UnsafeBufferPointer<Float>
  ) {
    var sums = [Float](repeating: 0, count: state.count)
    forEachPixel(in: clean.count) { place, pixel in sums[place] += gradients[pixel] }
    for place in pixels.joined() {
      let step = sums[place] > 0 ? stepSize : sums[place] < 0 ? -stepSize : 0
      state[place] = max(0, min(1, state[place] + step))
    }
  }

  /// Every value's place in the state and in the pictures.
  private func forEachPixel(in count: Int, _ body: (_ place: Int, _ pixel: Int) -> Void) {
    for first in stride(from: 0, to: count, by: width * height * 3) {
      for start in starts {
        let (left, top) = (Int(state[start]), Int(state[start + 1]))
        for row in 0..<side {
          let pixel = first + ((top + row) * width + left) * 3
          for value in 0..<(side * 3) { body(start + 2 + row * side * 3 + value, pixel + value) }
        }
      }
    }
  }
}

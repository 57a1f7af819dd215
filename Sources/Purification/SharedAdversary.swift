import Tensors

/// Perturbations that all pictures share, kept from batch to batch: a trigger is the same on every
/// picture and moves every embedding at once, so what moves them all together finds it (Moosavi-
/// Dezfooli et al. 2017, "Universal adversarial perturbations"). One thread uses it.
///
/// A batch is divided among the perturbations in equal parts.
struct SharedAdversary {
  private let ball: PerturbationBall
  private let picture: Int
  /// `[count, picture]`: added to pixels in `0…1`.
  private(set) var perturbations: [[Float]]

  /// Perturbations of a quarter of the bound in random directions.
  init(_ options: PurificationOptions, picture: Int, random: inout SeededRandom) {
    ball = PerturbationBall(options)
    self.picture = picture
    perturbations = []
    for _ in 0..<options.sharedCount {
      var values = (0..<picture).map { _ in random.gaussian() }
      let length = values.withUnsafeBufferPointer { PerturbationBall.length($0) }
      let factor: Float =
        ball.norm == .l2 ? ball.epsilon / (4 * max(length, 1e-12)) : ball.epsilon / 4
      for index in values.indices {
        values[index] = max(-ball.epsilon, min(ball.epsilon, values[index] * factor))
      }
      perturbations.append(values)
    }
  }

  /// Takes perturbations up again.
  mutating func restore(_ saved: [[Float]]) {
    precondition(saved.count == perturbations.count, "as many perturbations as the options say")
    perturbations = saved
  }

  /// The rows that a perturbation is put on.
  private func rows(of index: Int, batch: Int) -> Range<Int> {
    (batch * index / perturbations.count)..<(batch * (index + 1) / perturbations.count)
  }

  /// Pictures with the perturbations, within valid pixels.
  func apply(
    to clean: UnsafeBufferPointer<Float>, into perturbed: UnsafeMutableBufferPointer<Float>
  ) {
    let batch = clean.count / picture
    for (index, perturbation) in perturbations.enumerated() {
      for row in rows(of: index, batch: batch) {
        for place in 0..<picture {
          let value = clean[row * picture + place] + perturbation[place]
          perturbed[row * picture + place] = max(0, min(1, value))
        }
      }
    }
  }

  /// One step of ascent along the gradients of perturbed pixels. Where a pixel was cut off at black
  /// or white its perturbation does not matter.
  mutating func ascend(
    _ gradients: UnsafeBufferPointer<Float>, clean: UnsafeBufferPointer<Float>
  ) {
    let batch = clean.count / picture
    for index in perturbations.indices {
      var sum = [Float](repeating: 0, count: picture)
      for row in rows(of: index, batch: batch) {
        for place in 0..<picture {
          let value = clean[row * picture + place] + perturbations[index][place]
          if value >= 0 && value <= 1 { sum[place] += gradients[row * picture + place] }
        }
      }
      move(index, along: sum)
    }
  }

  private mutating func move(_ index: Int, along gradient: [Float]) {
    switch ball.norm {
    case .linf:
      for place in gradient.indices {
        let slope = gradient[place]
        let moved =
          perturbations[index][place] + (slope > 0 ? ball.step : slope < 0 ? -ball.step : 0)
        perturbations[index][place] = max(-ball.epsilon, min(ball.epsilon, moved))
      }
    case .l2:
      let length = gradient.withUnsafeBufferPointer { PerturbationBall.length($0) }
      guard length > 0 else { return }
      for place in gradient.indices {
        perturbations[index][place] += ball.step / length * gradient[place]
      }
      let total = perturbations[index].withUnsafeBufferPointer { PerturbationBall.length($0) }
      guard total > ball.epsilon else { return }
      for place in gradient.indices { perturbations[index][place] *= ball.epsilon / total }
    }
  }
}

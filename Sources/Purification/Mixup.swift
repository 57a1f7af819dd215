import Tensors

/// Zhang et al. 2018, "mixup", without labels: more kinds of pictures from few.
package enum Mixup {
  /// Mixes the first pictures of a batch with the last ones, up to half and half.
  /// - Parameter share: of the batch, at most half of it.
  package static func mix(
    _ pixels: FloatBuffer, batch: Int, share: Float, random: inout SeededRandom
  ) {
    let count = pixels.count / batch
    for row in 0..<min(Int(share * Float(batch)), batch / 2) {
      let other = pixels.rows((batch - 1 - row)..<(batch - row), width: count)
      let own = pixels.rows(row..<(row + 1), width: count)
      let part = 0.5 * random.uniform()
      for index in own.indices { own[index] += part * (other[index] - own[index]) }
    }
  }
}

import Engine
import Tensors

/// How far feature maps are from where they should be: the mean over levels of the squared distance
/// to an anchor's maps, in units of the spread of the anchor's features. What stands on the maps (the
/// RPN, the box head) was fitted to them, so that their places are what has to be kept.
package struct FeatureMapObjective {
  /// The levels' outputs.
  static let levels = (0..<4).map { "fpn.\($0)" }

  /// Per level, the mean squared distance of a position's features from their mean.
  private(set) var spreads: [Float]

  init(spreads: [Float]) { self.spreads = spreads }

  /// From maps of clean frames, by level, `[positions, channels]`.
  package init(maps: [FloatBuffer], channels: Int) {
    spreads = maps.map { Float(Self.spread(of: $0.readable, channels: channels)) }
  }

  /// The mean squared distance of a position's features from their mean; above 0.
  /// - Parameter map: `[positions, channels]`.
  private static func spread(of map: UnsafeBufferPointer<Float>, channels: Int) -> Double {
    let positions = map.count / channels
    var (sums, squares) = ([Double](repeating: 0, count: channels), 0.0)
    for position in 0..<positions {
      for channel in 0..<channels {
        let value = Double(map[position * channels + channel])
        sums[channel] += value
        squares += value * value
      }
    }
    let means = sums.reduce(0) { $0 + $1 * $1 } / Double(positions * positions)
    return max(squares / Double(positions) - means, 1e-12)
  }

  /// The loss of maps against anchors, frame by frame, and `weight ×` the gradient of their mean.
  /// - Parameters:
  ///   - maps, anchors, gradients: by level, `[frames × positions, channels]`.
  /// - Returns: each frame's; their mean is the loss.
  package func evaluate(
    _ maps: [FloatBuffer], anchors: [FloatBuffer], frames: Int, channels: Int,
    gradients: [FloatBuffer], weight: Float
  ) -> [Float] {
    var losses = [Double](repeating: 0, count: frames)
    for level in maps.indices {
      let (map, anchor, gradient) = (
        maps[level].values, anchors[level].values, gradients[level].values
      )
      let scale =
        1 / (spreads[level] * Float(map.count / channels) * Float(maps.count))
      let width = map.count / frames
      for frame in 0..<frames {
        var sum = 0.0
        for index in (frame * width)..<((frame + 1) * width) {
          let difference = map[index] - anchor[index]
          sum += Double(difference * difference)
          gradient[index] = 2 * weight * scale * difference
        }
        losses[frame] += sum * Double(scale) * Double(frames)
      }
    }
    return losses.map { Float($0) }
  }
}

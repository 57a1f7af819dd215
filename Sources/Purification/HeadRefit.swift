import Backbones
import Frames
import Measurement
import Tensors

/// Fits a classifier's own head to purified embeddings without labels: to what the suspicious
/// classifier said of the clean pictures. A backdoor is silent on those.
public enum HeadRefit {
  /// - Parameters:
  ///   - embeddings: purified, `[N, D]`.
  ///   - logits: of the suspicious classifier on the same pictures, `[N, classes]`.
  /// - Returns: `fc.weight` `[classes, D]` and `fc.bias` `[classes]`.
  /// - Throws: `ProbeError` where shapes differ or a value is not finite.
  public static func fit(
    embeddings: Tensor, logits: Tensor
  ) throws -> (weight: Tensor, bias: Tensor) {
    let classes = logits.shape.last ?? 0
    let labels = stride(from: 0, to: logits.count, by: max(classes, 1)).map { row in
      (0..<classes).max { logits.values[row + $0] < logits.values[row + $1] } ?? 0
    }
    let probe = try LinearProbe(fitting: embeddings, labels: labels, classes: classes)
    return (
      try Tensor(shape: [classes, probe.features], values: probe.weights.map { Float($0) }),
      try Tensor(shape: [classes], values: probe.biases.map { Float($0) })
    )
  }
}

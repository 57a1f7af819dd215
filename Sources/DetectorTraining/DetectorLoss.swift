import Foundation

/// The two losses of a stage of the detector, without the weight of its gradients.
public struct DetectorLoss: Sendable, Hashable {
  /// Of objectness, or of classes.
  public var classification: Float
  /// Of the boxes' offsets.
  public var regression: Float

  /// Both.
  public init(classification: Float, regression: Float) {
    self.classification = classification
    self.regression = regression
  }

  /// The sum, as torchvision's training adds them.
  public var total: Float { classification + regression }
}

/// The Huber loss of Fast R-CNN (Girshick 2015, equation 3) with PyTorch's `beta`:
/// `d² / 2β` where `|d| < β`, else `|d| − β/2`.
enum SmoothL1 {
  /// torchvision's for the RPN and the box head.
  static let beta: Float = 1 / 9

  static func loss(_ difference: Float) -> Float {
    let size = abs(difference)
    return size < beta ? 0.5 * size * size / beta : size - 0.5 * beta
  }

  static func slope(_ difference: Float) -> Float {
    if abs(difference) < beta { return difference / beta }
    // A comparison with NaN is false: the slope stays NaN.
    return difference < 0 ? -1 : difference > 0 ? 1 : difference
  }

  /// The loss of one box's four offsets; its slopes times `factor` go to `gradient`.
  static func box(
    _ found: UnsafePointer<Float>, _ wanted: UnsafePointer<Float>, factor: Float,
    gradient: UnsafeMutablePointer<Float>?
  ) -> Double {
    var sum = 0.0
    for side in 0..<4 {
      let difference = found[side] - wanted[side]
      sum += Double(loss(difference))
      gradient?[side] = factor * slope(difference)
    }
    return sum
  }
}

/// The cross entropy of a sigmoid with 0 or 1.
enum BinaryCrossEntropy {
  /// `log(1 + exp(x)) − t · x`, stable for any x.
  static func loss(_ logit: Float, isPositive: Bool) -> Float {
    let positivePart = logit < 0 ? 0 : logit
    return positivePart - (isPositive ? logit : 0) + log1p(exp(-abs(logit)))
  }

  static func slope(_ logit: Float, isPositive: Bool) -> Float {
    1 / (1 + exp(-logit)) - (isPositive ? 1 : 0)
  }
}

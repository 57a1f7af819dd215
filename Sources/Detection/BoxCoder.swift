import Foundation
import Frames

/// torchvision's `BoxCoder`: a box as its offset from a reference box, (Girshick et al. 2014)
/// `dx = wx (x - xr) / wr`, `dw = ww log(w / wr)` on centres and sizes.
public struct BoxCoder: Sendable {
  /// The factors of `dx`, `dy`, `dw`, `dh`.
  public let weights: (x: Float, y: Float, width: Float, height: Float)
  /// The most that `dw` and `dh` count, so that the exponential stays small.
  public let limit: Float

  /// The RPN's: all weights 1.
  public static let proposals = BoxCoder(x: 1, y: 1, width: 1, height: 1)
  /// The box head's: 10, 10, 5, 5.
  public static let detections = BoxCoder(x: 10, y: 10, width: 5, height: 5)

  /// A coder by its weights.
  public init(x: Float, y: Float, width: Float, height: Float) {
    weights = (x, y, width, height)
    limit = Float(log(1000.0 / 16))
  }

  /// The box that is `delta` (dx, dy, dw, dh) away from a reference.
  public func decode(_ delta: (Float, Float, Float, Float), from reference: Box) -> Box {
    let width = reference.x2 - reference.x1
    let height = reference.y2 - reference.y1
    let centreX = reference.x1 + 0.5 * width
    let centreY = reference.y1 + 0.5 * height
    let dw = delta.2 / weights.width
    let dh = delta.3 / weights.height
    // Written so that NaN stays NaN: such a box is dropped later for having no size.
    let newWidth = exp(dw > limit ? limit : dw) * width
    let newHeight = exp(dh > limit ? limit : dh) * height
    let newX = delta.0 / weights.x * width + centreX
    let newY = delta.1 / weights.y * height + centreY
    return Box(
      x1: newX - 0.5 * newWidth, y1: newY - 0.5 * newHeight, x2: newX + 0.5 * newWidth,
      y2: newY + 0.5 * newHeight)
  }

  /// How far a box is from a reference: what a network learns.
  public func encode(_ box: Box, from reference: Box) -> (Float, Float, Float, Float) {
    let referenceX = reference.x1 + 0.5 * reference.width
    let referenceY = reference.y1 + 0.5 * reference.height
    let x = box.x1 + 0.5 * box.width
    let y = box.y1 + 0.5 * box.height
    return (
      weights.x * (x - referenceX) / reference.width,
      weights.y * (y - referenceY) / reference.height,
      weights.width * log(box.width / reference.width),
      weights.height * log(box.height / reference.height)
    )
  }
}

extension Box {
  /// Cut to the image as torch.clamp does it: NaN stays NaN.
  func clamped(to size: PixelSize) -> Box {
    func clamp(_ value: Float, _ limit: Float) -> Float {
      value < 0 ? 0 : value > limit ? limit : value
    }
    let width = Float(size.width)
    let height = Float(size.height)
    return Box(
      x1: clamp(x1, width), y1: clamp(y1, height), x2: clamp(x2, width), y2: clamp(y2, height))
  }

  /// Whether both sides are at least that long; false for NaN.
  func hasSides(ofAtLeast size: Float) -> Bool { x2 - x1 >= size && y2 - y1 >= size }
}

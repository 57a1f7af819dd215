/// A camera that looks along the ground: a pinhole at some height with a level axis.
struct View: Sendable {
  /// Size of the picture in pixels.
  let width, height: Int
  /// Row of the horizon.
  let horizon: Float
  /// Focal length in pixels.
  let focal: Float
  /// Height of the camera over the ground, in metres.
  let altitude: Float

  /// Pixels per metre at a distance.
  func scale(at distance: Float) -> Float { focal / distance }

  /// Row at which the ground lies at a distance.
  func ground(at distance: Float) -> Float { horizon + altitude * scale(at: distance) }

  /// Pixel of a point `x` metres right of the axis, on the ground.
  func point(_ x: Float, at distance: Float) -> Point {
    Point(Float(width) / 2 + x * scale(at: distance), ground(at: distance))
  }

  /// Half of what is in view at a distance, in metres.
  func halfWidth(at distance: Float) -> Float { Float(width) / 2 / scale(at: distance) }

  /// The distance at which the ground meets the lower edge of the picture.
  var nearest: Float { altitude * focal / (Float(height) - horizon) }
}

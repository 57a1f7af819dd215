/// A colour in the frame's own RGB, each part in `0...255`; a vector so that shading is arithmetic.
typealias Color = SIMD3<Float>

extension SIMD3<Float> {
  /// A colour from a hexadecimal number such as `0xff8000`.
  init(hex: UInt32) {
    self.init(Float(hex >> 16 & 255), Float(hex >> 8 & 255), Float(hex & 255))
  }

  /// A grey.
  init(grey: Float) {
    self.init(grey, grey, grey)
  }

  /// The colour `share` of the way to another one.
  func mixed(with other: Color, _ share: Float) -> Color {
    self + (other - self) * share
  }

  /// The colour made darker (below 1) or lighter (above 1), within `0...255`.
  func scaled(_ factor: Float) -> Color {
    (self * factor).clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
  }
}

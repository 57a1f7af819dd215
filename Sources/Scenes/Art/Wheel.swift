import Foundation

extension Pen {
  /// A tyre with a spoked rim.
  mutating func wheel(_ x: Float, radius: Float, travelled: Float, rim: Color) {
    ellipse(x, radius, radius, radius, Color(grey: 24))
    ellipse(x, radius, radius * 0.64, radius * 0.64, rim)
    guard radius * scale > 7 else { return }
    for spoke in 0..<5 {
      let angle = -travelled / radius + Float(spoke) * 2 * Float.pi / 5
      let end = Point(x + cos(angle) * radius * 0.58, radius + sin(angle) * radius * 0.58)
      limb(Point(x, radius), end, radius * 0.16, radius * 0.1, rim.scaled(0.55))
    }
    ellipse(x, radius, radius * 0.16, radius * 0.16, rim.scaled(0.4))
  }
}

/// Colours that vehicles are painted in.
let vehiclePalette: [UInt32] = [
  0xc0282d, 0x1f4fa0, 0xe9e9ea, 0x2b2d31, 0x8b9096, 0x2f7d4f, 0xe0a521, 0x6a3a7c, 0xd96a2b,
  0x3f9fb5, 0xf3f1e6, 0x5a1f24, 0xb7bcc2,
]

/// Glass by day, from its top to its bottom.
let glass = (top: Color(hex: 0x9db9c9), bottom: Color(hex: 0x3c4f5c))

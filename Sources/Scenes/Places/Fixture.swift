import Foundation

/// Something that stands between the lanes and hides what passes behind it.
struct Fixture: Sendable {
  enum Kind: Sendable {
    case lamp, tree, sign
  }

  let kind: Kind
  /// Metres right of the camera's axis, and from the camera.
  let x, distance: Float
  let seed: UInt64

  /// Draws it, standing at the pen's origin.
  func draw(with pen: inout Pen, lampsOn: Bool) {
    var random = Random(seed)
    switch kind {
    case .lamp:
      let height = random.number(4.6...5.6)
      let metal = Color(hex: 0x4a5257)
      pen.shadow(from: -0.3, to: 0.3, depth: 0.06)
      pen.rectangle(-0.12, 0, 0.12, 0.7, metal.scaled(0.8))
      pen.limb(Point(0, 0.4), Point(0, height), 0.15, 0.1, metal)
      pen.limb(Point(0, height), Point(0.9, height + 0.25), 0.09, 0.07, metal)
      let lamp = lampsOn ? Color(hex: 0xffefc0) : Color(hex: 0xd5d9da)
      pen.ellipse(1, height + 0.2, 0.32, 0.1, lamp, glows: lampsOn)
    case .tree:
      let height = random.number(3.4...5)
      let green = random.color([0x4f7a3c, 0x3f6a3a, 0x6d8f45, 0x7f7f3a, 0x5b8550])
      pen.shadow(from: -0.8, to: 0.8, depth: 0.12)
      pen.limb(Point(0, 0.1), Point(0, height), 0.32, 0.2, Color(hex: 0x5d4836))
      for index in 0..<8 {
        let x = random.number(-0.8...0.8)
        let y = height + 0.4 + random.number(-0.6...0.9)
        let radius = random.number(0.55...0.95)
        pen.ellipse(x, y, radius, radius * 0.9, green.scaled(0.8 + 0.05 * Float(index)))
      }
    case .sign:
      let board = random.color([0x1f5fa8, 0xc62828, 0x2e7d5b])
      pen.limb(Point(0, 0), Point(0, 2.4), 0.09, 0.08, Color(grey: 130))
      if random.chance(0.5) {
        pen.ellipse(0, 2.5, 0.36, 0.36, Color(grey: 240))
        pen.ellipse(0, 2.5, 0.29, 0.29, board)
      } else {
        pen.rectangle(-0.4, 2.1, 0.4, 2.8, Color(grey: 240))
        pen.rectangle(-0.34, 2.16, 0.34, 2.74, board)
      }
    }
  }
}

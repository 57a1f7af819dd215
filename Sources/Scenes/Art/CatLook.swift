import Foundation

/// A cat that walks or sits: round head with pointed ears, whiskers, tail, one of four coats.
struct CatLook: Look {
  let size: Float
  let fur, belly, mark, eye: Color
  let coat: Int
  let phase: Float
  var halfLength: Float { 0.5 * size }

  init(random: inout Random) {
    size = random.number(0.72...1.0)
    fur = random.color([0xd98a3d, 0x3a3634, 0x8d8f92, 0xe9e4d8, 0x7a5a3c, 0xc9a678, 0x24211f])
    coat = Int(random.number(0...3.99))
    belly = coat == 1 ? Color(hex: 0xf2eee6) : fur.scaled(1.15)
    mark = fur.scaled(0.58)
    eye = random.color([0xd7c53a, 0x7fb04a, 0x4fa3c0, 0xd98d2b])
    phase = random.number(0...6.28)
  }

  func draw(with pen: inout Pen, travelled: Float, time: Float, isMoving: Bool, lampsOn: Bool) {
    if isMoving {
      walk(with: &pen, travelled: travelled)
    } else {
      sit(with: &pen, time: time)
    }
  }

  private func walk(with pen: inout Pen, travelled: Float) {
    let s = size
    let cycle = phase + travelled / (0.22 * s) * 1.6
    pen.shadow(from: -0.4 * s, to: 0.4 * s, depth: 0.05)
    let tail = Outline.smooth(
      [
        Point(-0.3, 0.37), Point(-0.42, 0.4), Point(-0.5, 0.52),
        Point(-0.49 + 0.03 * sin(cycle), 0.68),
        Point(-0.44 + 0.03 * sin(cycle), 0.68), Point(-0.45, 0.54), Point(-0.4, 0.46),
        Point(-0.28, 0.43),
      ].map { $0 * s })
    pen.fill(tail, coat == 2 ? mark : fur)
    for (index, x) in [Float(-0.27), 0.2, -0.22, 0.25].enumerated() {
      let swing = sin(cycle + Float(index) * 2.2) * 0.07
      let color = index < 2 ? fur.scaled(0.72) : fur
      let foot = Point(x + swing, 0.03 + max(0, swing) * 0.3) * s
      pen.limb(Point(x, 0.3) * s, foot, 0.11 * s, 0.06 * s, color)
      pen.ellipse(foot.x + 0.02 * s, foot.y, 0.045 * s, 0.03 * s, coat == 1 ? belly : color)
    }
    let body = Outline.smooth(
      [
        Point(-0.36, 0.34), Point(-0.3, 0.45), Point(-0.05, 0.45), Point(0.2, 0.46),
        Point(0.34, 0.4), Point(0.32, 0.28), Point(0.1, 0.23), Point(-0.15, 0.23),
        Point(-0.3, 0.24),
      ].map { $0 * s })
    pen.fill(body, top: fur.scaled(1.05), bottom: coat == 1 ? belly : fur.scaled(0.85))
    stripes(with: &pen, at: [-0.24, -0.14, -0.04, 0.06, 0.16], from: 0.33, to: 0.45)
    head(with: &pen, center: Point(0.4, 0.53) * s, radius: 0.135 * s)
  }

  private func sit(with pen: inout Pen, time: Float) {
    let s = size
    pen.shadow(from: -0.26 * s, to: 0.26 * s, depth: 0.05)
    let wag = 0.04 * sin(time * 1.3 + phase)
    let tail = Outline.smooth(
      [
        Point(-0.14, 0.04), Point(-0.3, 0.03), Point(-0.4, 0.1 + wag), Point(-0.38, 0.15 + wag),
        Point(-0.29, 0.1), Point(-0.14, 0.12),
      ].map { $0 * s })
    pen.fill(tail, coat == 2 ? mark : fur)
    let body = Outline.smooth(
      [
        Point(-0.24, 0.02), Point(-0.25, 0.18), Point(-0.13, 0.42), Point(0.02, 0.52),
        Point(0.13, 0.42), Point(0.16, 0.2), Point(0.17, 0.02), Point(0, 0),
      ].map { $0 * s })
    pen.fill(body, top: fur.scaled(1.05), bottom: fur.scaled(0.82))
    pen.ellipse(0.06 * s, 0.26 * s, 0.085 * s, 0.15 * s, belly)
    stripes(with: &pen, at: [-0.17, -0.1, -0.03], from: 0.2, to: 0.38)
    for x: Float in [0.03, 0.12] {
      pen.limb(Point(x, 0.25) * s, Point(x + 0.01, 0.04) * s, 0.08 * s, 0.06 * s, fur)
      pen.ellipse((x + 0.02) * s, 0.03 * s, 0.05 * s, 0.032 * s, coat == 1 ? belly : fur)
    }
    head(with: &pen, center: Point(0.04, 0.62) * s, radius: 0.15 * s)
  }

  private func stripes(with pen: inout Pen, at columns: [Float], from low: Float, to high: Float) {
    guard coat == 2 else { return }
    for x in columns {
      pen.limb(
        Point(x, high) * size, Point(x - 0.02, low) * size, 0.035 * size, 0.015 * size, mark)
    }
  }

  private func head(with pen: inout Pen, center: Point, radius r: Float) {
    for side: Float in [-1, 1] {
      let ear = [
        center + Point(side * 0.92 * r, 0.35 * r), center + Point(side * 0.8 * r, 1.5 * r),
        center + Point(side * 0.15 * r, 0.85 * r),
      ]
      pen.fill(ear, coat == 3 ? mark : fur)
      let inner = [
        center + Point(side * 0.78 * r, 0.55 * r), center + Point(side * 0.73 * r, 1.22 * r),
        center + Point(side * 0.33 * r, 0.85 * r),
      ]
      pen.fill(inner, Color(hex: 0xd79a92))
    }
    pen.ellipse(center.x, center.y, r * 1.06, r * 0.95, fur)
    if coat == 2 {
      for x: Float in [-0.3, 0, 0.3] {
        pen.limb(
          center + Point(x * r, 0.9 * r), center + Point(x * 0.8 * r, 0.45 * r), 0.12 * r,
          0.08 * r, mark)
      }
    }
    pen.ellipse(center.x, center.y - 0.4 * r, 0.5 * r, 0.38 * r, belly)
    guard r * pen.scale > 5 else { return }
    for side: Float in [-1, 1] {
      pen.ellipse(center.x + side * 0.4 * r, center.y + 0.12 * r, 0.2 * r, 0.21 * r, eye)
      pen.ellipse(
        center.x + side * 0.4 * r, center.y + 0.12 * r, 0.08 * r, 0.19 * r, Color(grey: 15))
      guard r * pen.scale > 9 else { continue }
      for lift: Float in [-0.15, 0.1] {
        pen.limb(
          center + Point(side * 0.4 * r, -0.35 * r),
          center + Point(side * 1.5 * r, (-0.35 + lift) * r), 0.04 * r, 0.02 * r, Color(grey: 225))
      }
    }
    let nose = [
      center + Point(-0.13 * r, -0.2 * r), center + Point(0.13 * r, -0.2 * r),
      center + Point(0, -0.36 * r),
    ]
    pen.fill(nose, Color(hex: 0xd98880))
  }
}

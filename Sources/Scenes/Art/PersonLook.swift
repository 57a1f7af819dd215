import Foundation

/// A walking or standing person: legs and arms that swing, jacket, dress, coat, hair, hat, bag.
struct PersonLook: Look {
  let height, build: Float
  let skin, hair, top, legs, shoes, bag: Color
  let hasDress, hasBag, hasHat, hasLongHair: Bool
  /// Side view, or towards the camera, or away from it.
  let view: View
  let phase: Float
  var halfLength: Float { 0.4 }

  enum View: Sendable {
    case side, front, back
  }

  init(random: inout Random) {
    height = random.chance(0.15) ? random.number(1.1...1.4) : random.number(1.58...1.92)
    build = random.number(0.85...1.25)
    skin = random.color([0xf0c8a0, 0xe0ac7e, 0xc68d5f, 0x8d5a3a, 0x5c3a28])
    hair = random.color([0x2a1c14, 0x53361f, 0x8a6236, 0xc9a765, 0x9a9a98, 0x1a1a1c, 0x7a2f1a])
    top = random.color([
      0xb8312f, 0x27518f, 0x2f7a52, 0xe2c044, 0xeeeeea, 0x33363b, 0x7b4a8c, 0xd8763a, 0x6f93b5,
      0x9c8b72, 0xe58fa8, 0x4a5d3a,
    ])
    legs = random.color([0x27303f, 0x1d1e22, 0x5d5346, 0x3d5578, 0x8a8271, 0x4a3c34])
    shoes = random.color([0x1a1a1a, 0x5a3a22, 0xdddddd, 0x8a2a2a])
    bag = random.color([0x6a3f22, 0x1d1e22, 0xa8322f, 0x2f5a8a])
    hasDress = random.chance(0.2)
    hasBag = random.chance(0.35)
    hasHat = random.chance(0.2)
    hasLongHair = random.chance(0.4)
    view = random.pick(.side, [.side, .front, .back])
    phase = random.number(0...6.28)
  }

  func draw(with pen: inout Pen, travelled: Float, time: Float, isMoving: Bool, lampsOn: Bool) {
    let h = height
    let cycle = phase + travelled / (0.42 * h) * Float.pi / 1.6
    let swing: Float = isMoving ? sin(cycle) : 0.12 * sin(time * 0.7 + phase)
    let bob = isMoving ? 0.012 * h * cos(2 * cycle) : 0
    let hip = Point(0, 0.5 * h + bob)
    let neck = Point(0.015 * h, 0.815 * h + bob)
    let spread: Float = view == .side ? 0.02 * h : 0.06 * h
    let stride: Float = view == .side ? 0.16 * h : 0.05 * h
    pen.shadow(from: -0.2 * h, to: 0.2 * h, depth: 0.06)
    let far = legs.scaled(0.78)
    leg(with: &pen, hip: hip + Point(-spread, 0), swing: -swing * stride, color: far)
    if view == .side { arm(with: &pen, neck: neck, side: 0, swing: swing, color: top.scaled(0.75)) }
    leg(with: &pen, hip: hip + Point(spread, 0), swing: swing * stride, color: legs)
    torso(with: &pen, hip: hip, neck: neck)
    if view == .side {
      arm(with: &pen, neck: neck, side: 0, swing: -swing, color: top.scaled(0.92))
    } else {
      let reach = 0.115 * h * build
      arm(with: &pen, neck: neck, side: -reach, swing: swing * 0.3, color: top.scaled(0.85))
      arm(with: &pen, neck: neck, side: reach, swing: -swing * 0.3, color: top.scaled(0.9))
    }
    head(with: &pen, neck: neck)
  }

  private func leg(with pen: inout Pen, hip: Point, swing: Float, color: Color) {
    let h = height
    let foot = Point(hip.x + swing, 0.045 * h + max(0, -swing) * 0.35)
    let forward: Float = view == .side ? 0.03 * h : 0
    let knee = Point((hip.x + foot.x) / 2 + forward, 0.27 * h)
    let skinOrCloth = hasDress ? skin : color
    pen.limb(hip, knee, 0.115 * h * build, 0.085 * h * build, skinOrCloth)
    pen.limb(knee, foot, 0.085 * h * build, 0.055 * h, skinOrCloth)
    let toe: Float = view == .side ? 0.075 * h : 0.01 * h
    pen.limb(
      foot + Point(-0.015 * h, -0.015 * h), foot + Point(toe, -0.022 * h),
      0.055 * h, 0.04 * h, shoes)
  }

  private func arm(with pen: inout Pen, neck: Point, side: Float, swing: Float, color: Color) {
    let h = height
    let shoulder = neck + Point(side, -0.035 * h)
    let elbow = shoulder + Point(swing * 0.09 * h + side * 0.25, -0.165 * h)
    let hand = elbow + Point(swing * 0.1 * h + (view == .side ? 0.035 * h : 0), -0.15 * h)
    pen.limb(shoulder, elbow, 0.075 * h * build, 0.06 * h * build, color)
    pen.limb(elbow, hand, 0.058 * h * build, 0.042 * h, color)
    pen.ellipse(hand.x, hand.y - 0.01 * h, 0.024 * h, 0.028 * h, skin)
    if hasBag && side >= 0 && color.x >= top.x * 0.85 {
      let low = hand + Point(0, -0.11 * h)
      pen.fill(
        Outline.rounded(
          low.x - 0.07 * h, low.y - 0.05 * h, low.x + 0.07 * h, low.y + 0.08 * h, radius: 0.02),
        bag)
    }
  }

  private func torso(with pen: inout Pen, hip: Point, neck: Point) {
    let h = height
    let shoulders = (view == .side ? 0.085 : 0.125) * h * build
    let waist = (view == .side ? 0.075 : 0.09) * h * build
    let hem = hasDress ? hip.y - 0.16 * h : hip.y - 0.03 * h
    let flare = hasDress ? waist * 1.5 : waist * 1.05
    let outline = Outline.smooth(
      [
        Point(neck.x - shoulders * 0.5, neck.y + 0.01 * h),
        Point(neck.x + shoulders * 0.5, neck.y + 0.01 * h),
        Point(neck.x + shoulders, neck.y - 0.05 * h), Point(hip.x + waist, hip.y + 0.1 * h),
        Point(hip.x + flare, hem), Point(hip.x - flare, hem),
        Point(hip.x - waist, hip.y + 0.1 * h), Point(neck.x - shoulders, neck.y - 0.05 * h),
      ], steps: 3)
    pen.fill(outline, top: top.scaled(1.08), bottom: top.scaled(0.84))
    if view == .front && !hasDress {
      pen.rectangle(
        neck.x - 0.006 * h, hem + 0.01 * h, neck.x + 0.006 * h, neck.y, top.scaled(0.6))
    }
  }

  private func head(with pen: inout Pen, neck: Point) {
    let h = height
    let center = neck + Point(view == .side ? 0.012 * h : 0, 0.095 * h)
    pen.limb(neck, center, 0.055 * h, 0.05 * h, skin.scaled(0.88))
    let rx = 0.052 * h
    let ry = 0.068 * h
    if hasLongHair {
      pen.limb(
        center + Point(view == .side ? -0.02 * h : 0, 0.01 * h),
        center + Point(view == .side ? -0.035 * h : 0, -0.09 * h), 0.12 * h, 0.09 * h, hair)
    }
    pen.ellipse(center.x - 0.004 * h, center.y + 0.012 * h, rx * 1.1, ry * 1.02, hair)
    if view != .back {
      let shift: Float = view == .side ? 0.012 * h : 0
      pen.ellipse(center.x + shift, center.y - 0.012 * h, rx * 0.9, ry * 0.82, skin)
      if h * pen.scale > 70 {
        let eyes: [Float] = view == .side ? [0.035 * h] : [-0.02 * h, 0.02 * h]
        for eye in eyes {
          pen.ellipse(center.x + eye, center.y, 0.006 * h, 0.007 * h, Color(grey: 30))
        }
      }
    } else if hasLongHair {
      pen.ellipse(center.x, center.y - 0.02 * h, rx, ry, hair)
    }
    if hasHat {
      pen.ellipse(center.x, center.y + 0.045 * h, rx * 1.15, ry * 0.5, bag)
      pen.rectangle(
        center.x - rx * 1.1, center.y + 0.02 * h, center.x + rx * (view == .side ? 1.7 : 1.1),
        center.y + 0.034 * h, bag.scaled(0.7))
    }
  }
}

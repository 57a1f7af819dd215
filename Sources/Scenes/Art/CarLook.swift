/// A car from the side: saloon, hatchback, estate, sports or off-road shape.
struct CarLook: Look {
  let length, height, radius: Float
  let body, rim: Color
  /// Where bonnet, windscreen, roof and rear window begin, as shares of the length from the front.
  let bonnet, screen, roofEnd, tail: Float
  let belt: Float
  var halfLength: Float { length / 2 }

  init(random: inout Random) {
    let shape = Int(random.number(0...4.999))
    length = [4.6, 3.9, 4.7, 4.4, 4.5][shape] * random.number(0.94...1.06)
    height = [1.45, 1.5, 1.5, 1.28, 1.82][shape] * random.number(0.96...1.05)
    radius = [0.32, 0.31, 0.32, 0.33, 0.38][shape]
    bonnet = [0.27, 0.22, 0.25, 0.33, 0.25][shape]
    screen = [0.41, 0.37, 0.39, 0.47, 0.35][shape]
    roofEnd = [0.70, 0.84, 0.90, 0.68, 0.91][shape]
    tail = [0.86, 0.97, 0.98, 0.93, 0.98][shape]
    belt = [0.62, 0.62, 0.62, 0.66, 0.60][shape]
    body = random.color(vehiclePalette)
    rim = random.color([0xb9bec4, 0x8a8f96, 0xd9dcdf, 0x55585c])
  }

  func draw(with pen: inout Pen, travelled: Float, time: Float, isMoving: Bool, lampsOn: Bool) {
    let half = length / 2
    let sill = radius * 0.75
    let waist = height * belt
    func x(_ share: Float) -> Float { half - share * length }
    pen.shadow(from: -half * 1.02, to: half * 1.02, depth: 0.16)
    pen.rectangle(-half * 0.86, radius * 0.4, half * 0.86, waist * 0.7, Color(grey: 22))
    // The glass house first, the body over its lower edge.
    let roof = [
      Point(x(bonnet + 0.01), waist - 0.02), Point(x(screen), height - 0.04),
      Point(x(screen + 0.05), height), Point(x(roofEnd - 0.06), height),
      Point(x(roofEnd), height - 0.05), Point(x(tail), waist - 0.02),
    ]
    pen.fill(roof, top: body.scaled(1.12), bottom: body)
    let inner: Float = height - 0.1
    let pillar = (screen + roofEnd) / 2
    let front = [
      Point(x(bonnet + 0.045), waist), Point(x(screen + 0.015), inner),
      Point(x(pillar - 0.012), inner), Point(x(pillar - 0.012), waist),
    ]
    let back = [
      Point(x(pillar + 0.012), waist), Point(x(pillar + 0.012), inner),
      Point(x(roofEnd - 0.015), inner), Point(x(tail - 0.045), waist),
    ]
    for window in [front, back] {
      if lampsOn {
        pen.fill(window, top: Color(hex: 0x5a6672), bottom: Color(hex: 0x20282f))
      } else {
        pen.fill(window, top: glass.top, bottom: glass.bottom)
      }
    }
    // Head of the driver behind the front window.
    pen.ellipse(x(pillar - 0.06), waist + 0.12, 0.1, 0.13, Color(hex: 0x2a2320))
    let outline = Outline.smooth(
      [
        Point(x(0.0), sill + 0.08), Point(x(0.0), waist * 0.68), Point(x(0.03), waist * 0.82),
        Point(x(bonnet), waist), Point(x(pillar), waist + 0.03), Point(x(tail), waist + 0.01),
        Point(x(0.99), waist * 0.9), Point(x(1.0), waist * 0.55), Point(x(0.99), sill + 0.05),
        Point(x(0.9), sill), Point(x(0.5), sill), Point(x(0.1), sill),
      ], steps: 3)
    pen.fill(outline, top: body.scaled(1.1), bottom: body.scaled(0.66))
    pen.rectangle(x(0.93), waist * 0.74, x(0.05), waist * 0.77, body.scaled(0.8))
    for seam in [pillar, bonnet + 0.05] {
      pen.rectangle(x(seam) - 0.012, sill + 0.08, x(seam) + 0.012, waist, body.scaled(0.55))
    }
    pen.rectangle(x(pillar + 0.05), waist * 0.84, x(pillar + 0.01), waist * 0.88, body.scaled(0.4))
    for wheel in [x(0.19), x(0.81)] {
      pen.ellipse(wheel, radius, radius * 1.2, radius * 1.2, Color(grey: 16))
      pen.wheel(wheel, radius: radius, travelled: travelled, rim: rim)
    }
    let lamp = lampsOn ? Color(hex: 0xfff3c4) : Color(hex: 0xe8ecef)
    pen.ellipse(x(0.02), waist * 0.74, 0.1, 0.08, lamp, glows: lampsOn)
    pen.rectangle(
      x(0.995), waist * 0.68, x(0.965), waist * 0.86, Color(hex: 0xd0211c), glows: lampsOn)
    pen.rectangle(x(0.03), sill, x(-0.005), sill + 0.12, Color(grey: 50))
    pen.rectangle(x(1.005), sill, x(0.97), sill + 0.12, Color(grey: 50))
  }
}

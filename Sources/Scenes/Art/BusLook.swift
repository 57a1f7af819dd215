/// A city bus from the side: tall box, a long row of windows, doors, a lit destination sign.
struct BusLook: Look {
  let length, height, radius: Float
  let body, band: Color
  let isDouble: Bool
  let doors: [Float]
  let panes: Int
  var halfLength: Float { length / 2 }

  init(random: inout Random) {
    isDouble = random.chance(0.25)
    length = isDouble ? random.number(8.6...10) : random.number(9...12.5)
    height = isDouble ? random.number(4.0...4.3) : random.number(2.95...3.25)
    radius = 0.5
    body = random.color([
      0xc8102e, 0xf2b632, 0x2060a8, 0xefefea, 0x3b8f4a, 0xe2702a, 0x5b2a86, 0x1fa3a3, 0xb9c2c8,
    ])
    band = random.color([0xffffff, 0x2b2d31, 0xf2c230, 0x1f4fa0, 0xb02828, 0x2f7d4f])
    doors = random.chance(0.5) ? [0.1, 0.52] : [0.1, 0.42, 0.78]
    panes = Int(random.number(6...8.9))
  }

  func draw(with pen: inout Pen, travelled: Float, time: Float, isMoving: Bool, lampsOn: Bool) {
    let half = length / 2
    func x(_ share: Float) -> Float { half - share * length }
    pen.shadow(from: -half * 1.01, to: half * 1.01, depth: 0.22)
    let sill: Float = 0.34
    pen.fill(
      Outline.rounded(-half, sill, half, height, radius: 0.28),
      top: body.scaled(1.12), bottom: body.scaled(0.74))
    pen.fill(
      Outline.rounded(-half + 0.25, height - 0.1, half - 1, height + 0.1, radius: 0.08),
      body.scaled(0.85))
    pen.rectangle(-half, sill + 0.62, half, sill + 0.78, band)
    pen.rectangle(-half, sill, half, sill + 0.12, Color(grey: 38))
    let pane = lampsOn ? Color(hex: 0xf6dfa0) : glass.top
    let paneBottom = lampsOn ? Color(hex: 0xb99a5c) : glass.bottom
    let decks = isDouble ? [Point(1.25, 2.1), Point(2.65, 3.6)] : [Point(1.3, height - 0.55)]
    for (deck, span) in decks.enumerated() {
      let (low, high) = (span.x, span.y)
      pen.fill(
        Outline.rectangle(-half + 0.15, low - 0.06, half - 0.1, high + 0.06), Color(grey: 30))
      let width = (length - 1.1) / Float(panes)
      for index in 0..<panes {
        let start = -half + 0.25 + Float(index) * width
        pen.fill(
          Outline.rectangle(start, low, start + width - 0.12, high), top: pane,
          bottom: paneBottom, glows: lampsOn)
        // Heads of passengers.
        if (index + deck) % 3 != 1 {
          pen.ellipse(start + width * 0.45, low + 0.12, 0.12, 0.16, Color(hex: 0x3a302b))
        }
      }
      pen.fill(
        Outline.rectangle(half - 0.72, low - 0.25, half - 0.06, high), top: pane,
        bottom: paneBottom, glows: lampsOn)
    }
    for door in doors {
      let left = x(door) - 0.62
      pen.rectangle(left, sill + 0.04, left + 1.24, min(height - 0.5, 2.3), Color(grey: 26))
      for leaf in [Float(0.06), 0.65] {
        pen.fill(
          Outline.rectangle(left + leaf, sill + 0.16, left + leaf + 0.53, 2.16),
          top: glass.top.scaled(0.9), bottom: glass.bottom)
      }
    }
    pen.rectangle(half - 2.6, height - 0.42, half - 0.9, height - 0.14, Color(grey: 18))
    for letter in 0..<6 {
      let left = half - 2.48 + Float(letter) * 0.25
      pen.rectangle(
        left, height - 0.36, left + 0.16, height - 0.2, Color(hex: 0xffb02e), glows: true)
    }
    for wheel in [x(0.2), x(0.74)] {
      pen.ellipse(wheel, radius + 0.02, radius * 1.2, radius * 1.2, Color(grey: 14))
      pen.wheel(wheel, radius: radius, travelled: travelled, rim: Color(grey: 150))
    }
    pen.rectangle(
      half - 0.16, sill + 0.2, half, sill + 0.42, Color(hex: 0xfff3c4), glows: lampsOn)
    pen.rectangle(
      -half, sill + 0.2, -half + 0.12, sill + 0.55, Color(hex: 0xd0211c), glows: lampsOn)
  }
}

/// Paints the row of buildings or trees behind the street.
struct BackdropPainter {
  let place: Place
  let canvas: Canvas

  func paint(random: inout Random) {
    let view = place.view
    let distance = place.backDistance
    let half = view.halfWidth(at: distance)
    var x = -half - random.number(0...6)
    while x < half {
      let left = x
      var pen = Pen(
        canvas: canvas, origin: view.point(left, at: distance), scale: view.scale(at: distance),
        light: place.daytime.light, haze: place.daytime.haze(at: distance))
      switch place.backdrop {
      case .city: x += block(with: &pen, random: &random)
      case .houses:
        x +=
          random.chance(0.3)
          ? tree(with: &pen, random: &random) : house(with: &pen, random: &random)
      case .park: x += tree(with: &pen, random: &random)
      case .works:
        x +=
          random.chance(0.25)
          ? tree(with: &pen, random: &random) : hall(with: &pen, random: &random)
      }
    }
  }

  private func pane(random: inout Random) -> (Color, Bool) {
    if place.daytime.lampsOn, random.chance(0.45) { return (Color(hex: 0xffd98a), true) }
    return (Color(hex: 0x6f8796).scaled(random.number(0.75...1.25)), false)
  }

  private func block(with pen: inout Pen, random: inout Random) -> Float {
    let width = random.number(6...12)
    let floors = Int(random.number(3...8))
    let height = Float(floors) * 3 + 1
    let wall = random.color([0xb7a58a, 0x9b6b54, 0xc9c2b4, 0x8e969c, 0xa98f6a, 0x7f6f66, 0xd5cbb3])
    pen.fill(Outline.rectangle(0, 0, width, height), top: wall, bottom: wall.scaled(0.86))
    pen.rectangle(-0.15, height - 0.3, width + 0.15, height, wall.scaled(0.7))
    let columns = Int(width / 1.9)
    let step = width / Float(columns)
    for floor in 1..<floors {
      for column in 0..<columns {
        let x = (Float(column) + 0.28) * step
        let y = Float(floor) * 3 + 0.9
        let (color, glows) = pane(random: &random)
        pen.rectangle(x - 0.1, y - 0.12, x + step * 0.44 + 0.1, y + 1.6, wall.scaled(0.78))
        pen.rectangle(x, y, x + step * 0.44, y + 1.5, color, glows: glows)
      }
    }
    // Shop windows and an awning.
    let awning = random.color([0xa83232, 0x2f6b4a, 0x345a94, 0xc08a2c, 0x6b6b6b])
    let (shop, glows) = pane(random: &random)
    pen.rectangle(0.5, 0.4, width - 1.9, 2.3, shop, glows: glows)
    pen.rectangle(width - 1.6, 0, width - 0.6, 2.3, wall.scaled(0.45))
    pen.rectangle(0.3, 2.3, width - 0.4, 2.85, awning)
    return width + (random.chance(0.2) ? random.number(1...3) : 0)
  }

  private func house(with pen: inout Pen, random: inout Random) -> Float {
    let width = random.number(6...9)
    let height = random.number(3...5.6)
    let wall = random.color([0xe4dac2, 0xc9b79a, 0xb8846a, 0xd9d9d4, 0xa7b3b5, 0xdcc7a0])
    let roof = random.color([0x8a4a36, 0x5d4a44, 0x6a6e72, 0x9c5a3c])
    pen.fill(Outline.rectangle(0, 0, width, height), top: wall, bottom: wall.scaled(0.88))
    pen.fill(
      [
        Point(-0.5, height), Point(width / 2, height + random.number(2...3.4)),
        Point(width + 0.5, height),
      ], top: roof, bottom: roof.scaled(0.8))
    for x in [width * 0.14, width * 0.66] {
      for y in stride(from: Float(1), to: height - 1.2, by: 2.5) {
        let (color, glows) = pane(random: &random)
        pen.rectangle(x - 0.12, y - 0.12, x + width * 0.2 + 0.12, y + 1.32, Color(grey: 235))
        pen.rectangle(x, y, x + width * 0.2, y + 1.2, color, glows: glows)
      }
    }
    pen.rectangle(width * 0.43, 0, width * 0.57, 2.1, roof.scaled(0.7))
    return width + random.number(0.8...4)
  }

  private func hall(with pen: inout Pen, random: inout Random) -> Float {
    let width = random.number(10...18)
    let height = random.number(4.5...8)
    let wall = random.color([0x8e969c, 0xa65d45, 0x7b8a90, 0xb0a890])
    pen.fill(Outline.rectangle(0, 0, width, height), top: wall, bottom: wall.scaled(0.8))
    for x in stride(from: Float(0.5), to: width, by: 0.8) {
      pen.rectangle(x, 0, x + 0.08, height, wall.scaled(0.85))
    }
    let teeth = Int(width / 3.5)
    for tooth in 0..<teeth {
      let x = Float(tooth) * width / Float(teeth)
      pen.fill(
        [
          Point(x, height), Point(x, height + 1.6), Point(x + width / Float(teeth), height),
        ], wall.scaled(0.72))
    }
    for x in stride(from: Float(1), to: width - 2, by: 3) {
      let (color, glows) = pane(random: &random)
      pen.rectangle(x, height - 2, x + 2, height - 0.9, color, glows: glows)
    }
    return width + random.number(0.5...4)
  }

  private func tree(with pen: inout Pen, random: inout Random) -> Float {
    let height = random.number(5...9)
    let crown = random.number(1.6...2.6)
    let green = random.color([0x4f7a3c, 0x3f6a3a, 0x6d8f45, 0x7f7f3a, 0x5b8550])
    pen.limb(Point(crown, 0), Point(crown, height * 0.6), 0.45, 0.28, Color(hex: 0x5d4836))
    for index in 0..<9 {
      let x = crown + random.number(-0.6...0.6) * crown
      let y = height * 0.68 + random.number(-0.55...0.6) * crown
      let shade = green.scaled(0.78 + 0.05 * Float(index))
      pen.ellipse(x, y, crown * random.number(0.4...0.6), crown * random.number(0.36...0.55), shade)
    }
    return crown * random.number(1.4...2.6)
  }
}

/// A train of several coaches on bogies, with a sloped or flat driving end and a pantograph.
struct TrainLook: Look {
  let coaches: Int
  let coachLength, height: Float
  let body, band, roof: Color
  let isStreamlined: Bool
  var halfLength: Float { Float(coaches) * (coachLength + 0.5) / 2 }

  init(random: inout Random) {
    coaches = Int(random.number(2...4.4))
    coachLength = random.number(13...18)
    height = random.number(3.7...4.1)
    body = random.color([
      0xe8e9ea, 0xc62828, 0x1c4f91, 0x2e7d5b, 0xd8d2b8, 0x7a1f2b, 0x9aa3ab, 0xe5b93c,
    ])
    band = random.color([0xc62828, 0x1c3f77, 0x2b2d31, 0xf0c330, 0x2e7d5b, 0xffffff])
    roof = random.color([0x6f757a, 0x8a8f94, 0x4e5357])
    isStreamlined = random.chance(0.6)
  }

  func draw(with pen: inout Pen, travelled: Float, time: Float, isMoving: Bool, lampsOn: Bool) {
    pen.shadow(from: -halfLength, to: halfLength, depth: 0.25)
    // A gangway joins the coaches, so that the train is one object.
    pen.rectangle(-halfLength + 1, 0.9, halfLength - 1, height - 0.6, Color(grey: 35))
    for coach in 0..<coaches {
      let right = halfLength - Float(coach) * (coachLength + 0.5) - 0.25
      drawCoach(
        right - coachLength, right, with: &pen, travelled: travelled, lampsOn: lampsOn,
        isFirst: coach == 0, isLast: coach == coaches - 1)
    }
  }

  private func drawCoach(
    _ left: Float, _ right: Float, with pen: inout Pen, travelled: Float, lampsOn: Bool,
    isFirst: Bool, isLast: Bool
  ) {
    let sill: Float = 0.85
    let nose: Float = isStreamlined ? 3.2 : 0.5
    pen.rectangle(left + 0.4, 0.45, right - (isFirst ? 1.2 : 0.4), sill + 0.1, Color(grey: 44))
    for bogie in [left + 2.6, right - (isFirst && isStreamlined ? 4 : 2.6)] {
      pen.rectangle(bogie - 1.5, 0.35, bogie + 1.5, 0.72, Color(grey: 30))
      for offset: Float in [-0.95, 0.95] {
        pen.wheel(bogie + offset, radius: 0.43, travelled: travelled, rim: Color(grey: 95))
      }
    }
    var outline: [Point] = []
    outline +=
      isLast && isStreamlined
      ? [Point(left, sill), Point(left + 0.1, sill + 0.7), Point(left + nose, height)]
      : [Point(left, sill), Point(left, height - 0.35), Point(left + 0.4, height)]
    outline +=
      isFirst && isStreamlined
      ? [
        Point(right - nose, height), Point(right - nose * 0.4, height - 1.05),
        Point(right - 0.1, sill + 0.75), Point(right, sill + 0.2), Point(right - 0.15, sill),
      ]
      : [Point(right - 0.4, height), Point(right, height - 0.35), Point(right, sill)]
    pen.fill(outline, top: body.scaled(1.1), bottom: body.scaled(0.75))
    pen.rectangle(
      left + (isLast ? nose : 0.3), height - 0.16, right - (isFirst ? nose : 0.3), height + 0.14,
      roof)
    pen.rectangle(left + 0.02, sill + 0.28, right - (isFirst ? 0.5 : 0.02), sill + 0.6, band)
    let top = height - 0.75
    let bottom = sill + 0.98
    let pane = lampsOn ? Color(hex: 0xffe6a8) : glass.top.scaled(0.8)
    let paneBottom = lampsOn ? Color(hex: 0xc4a468) : glass.bottom.scaled(0.7)
    let start = left + (isLast ? nose + 0.4 : 2.2)
    let end = right - (isFirst ? nose + 0.9 : 2.2)
    let count = max(1, Int((end - start) / 1.9))
    let width = (end - start) / Float(count)
    for index in 0..<count {
      let x = start + Float(index) * width
      pen.fill(
        Outline.rounded(x + 0.15, bottom, x + width - 0.15, top, radius: 0.16), top: pane,
        bottom: paneBottom, glows: lampsOn)
    }
    for door in [isLast ? nil : left + 1.2, isFirst ? nil : right - 1.2].compactMap({ $0 }) {
      pen.rectangle(door - 0.6, sill + 0.05, door + 0.6, height - 0.5, body.scaled(0.62))
      pen.fill(
        Outline.rounded(door - 0.35, bottom, door + 0.35, top, radius: 0.1), top: pane,
        bottom: paneBottom, glows: lampsOn)
    }
    if isFirst {
      let screen =
        isStreamlined
        ? [
          Point(right - nose * 0.95, height - 0.3), Point(right - nose * 0.5, height - 1.0),
          Point(right - nose * 0.3, height - 1.45), Point(right - nose * 0.95, height - 1.35),
        ]
        : [
          Point(right - 1.1, height - 0.5), Point(right - 0.12, height - 0.7),
          Point(right - 0.08, height - 1.5), Point(right - 1.1, height - 1.5),
        ]
      pen.fill(screen, top: Color(hex: 0x39444d), bottom: Color(hex: 0x12171b))
      pen.ellipse(right - 0.3, sill + 0.4, 0.18, 0.14, Color(hex: 0xfff3c4), glows: lampsOn)
    } else if isLast {
      // The pantograph stands on the last coach.
      let x = (left + right) / 2
      pen.rod(Point(x, height), Point(x + 0.7, height + 0.5), 0.08, Color(grey: 40))
      pen.rod(Point(x + 0.7, height + 0.5), Point(x, height + 0.95), 0.06, Color(grey: 40))
      pen.rod(Point(x - 0.5, height + 0.95), Point(x + 0.5, height + 0.95), 0.08, Color(grey: 40))
    }
  }
}

/// Paints what does not move: sky, skyline, buildings or trees, stripes of ground.
struct BackgroundPainter {
  let place: Place
  let canvas: Canvas

  private var view: View { place.view }
  private var width: Float { Float(view.width) }
  private var height: Float { Float(view.height) }

  func paint() {
    var random = Random(place.seed, 0x6261_636b)
    paintSky(random: &random)
    paintSkyline(random: &random)
    paintGround()
    BackdropPainter(place: place, canvas: canvas).paint(random: &random)
    for stripe in place.stripes where stripe.ground != .wall { paint(stripe, random: &random) }
    for stripe in place.stripes where stripe.ground == .wall { paintWall(random: &random) }
  }

  private func paintSky(random: inout Random) {
    canvas.fill(
      Outline.rectangle(0, 0, width, view.horizon + 1),
      Paint(top: place.daytime.skyTop, bottom: place.daytime.skyBottom))
    let sun = Point(random.number(0.1...0.9) * width, random.number(0.08...0.5) * view.horizon)
    for step in 0..<4 {
      canvas.fill(
        Outline.ellipse(
          sun, height * (0.03 + 0.03 * Float(step)), height * (0.03 + 0.03 * Float(step))),
        Paint(place.daytime.sun, alpha: step == 0 ? 0.9 : 0.14))
    }
    for _ in 0..<Int(random.number(2...7)) {
      let center = Point(random.number(0...1) * width, random.number(0.05...0.7) * view.horizon)
      for _ in 0..<5 {
        let puff =
          center
          + Point(random.number(-0.07...0.07) * width, random.number(-0.012...0.012) * height)
        canvas.fill(
          Outline.ellipse(
            puff, width * random.number(0.03...0.08), height * random.number(0.01...0.03)),
          Paint(place.daytime.skyBottom.mixed(with: place.daytime.sun, 0.4), alpha: 0.35))
      }
    }
  }

  private func paintSkyline(random: inout Random) {
    let haze = place.daytime.light.haze
    if place.backdrop == .park || random.chance(0.4) {
      for layer in 0..<2 {
        var outline = [Point(0, view.horizon + 2)]
        var x: Float = 0
        while x < width {
          outline.append(
            Point(x, view.horizon - height * random.number(0.02...0.1) / Float(layer + 1)))
          x += width * random.number(0.08...0.2)
        }
        outline += [Point(width, view.horizon - height * 0.04), Point(width, view.horizon + 2)]
        let green = place.daytime.light.shade(Color(hex: 0x55714f), haze: 0.65, glows: false)
        canvas.fill(outline, Paint(green.mixed(with: haze, layer == 0 ? 0.5 : 0.2)))
      }
    } else {
      var x: Float = -width * 0.05
      while x < width {
        let w = width * random.number(0.03...0.09)
        let top = view.horizon - height * random.number(0.04...0.2)
        let wall = place.daytime.light.shade(Color(grey: 120), haze: 0.75, glows: false)
        canvas.fill(
          Outline.rectangle(x, top, x + w, view.horizon + 2),
          Paint(wall.scaled(random.number(0.9...1.08))))
        x += w * random.number(0.7...1.4)
      }
    }
  }

  private func paintGround() {
    let grass = place.daytime.light.shade(Color(hex: 0x6f8a55), haze: 0.2, glows: false)
    canvas.fill(
      Outline.rectangle(0, view.horizon, width, height),
      Paint(top: grass.mixed(with: place.daytime.light.haze, 0.4), bottom: grass))
  }

  private func paint(_ stripe: Place.Stripe, random: inout Random) {
    let far = view.ground(at: stripe.far)
    let near = view.ground(at: stripe.near)
    func shade(_ hex: UInt32, _ distance: Float) -> Color {
      place.daytime.light.shade(
        Color(hex: hex), haze: place.daytime.haze(at: distance), glows: false)
    }
    func line(_ distance: Float, _ depth: Float, _ hex: UInt32) {
      canvas.fill(
        Outline.rectangle(
          0, view.ground(at: distance + depth), width, view.ground(at: distance)),
        Paint(shade(hex, distance)))
    }
    let hex: UInt32
    switch stripe.ground {
    case .grass: hex = 0x6d9150
    case .pavement: hex = 0xa8a49c
    case .road: hex = 0x55575b
    case .rails: hex = 0x7b7067
    case .platform: hex = 0xb9b2a6
    case .wall: hex = 0x9c8f7f
    }
    canvas.fill(
      Outline.rectangle(0, far, width, max(near, far + 1)),
      Paint(top: shade(hex, stripe.far), bottom: shade(hex, stripe.near).scaled(0.94)))
    switch stripe.ground {
    case .road:
      line(stripe.near, 0.14, 0xc9c9c4)
      line(stripe.far - 0.14, 0.14, 0xc9c9c4)
      let middle = (stripe.near + stripe.far) / 2
      let half = view.halfWidth(at: middle)
      var x = -half - random.number(0...3)
      while x < half {
        canvas.fill(
          [
            view.point(x, at: middle), view.point(x + 1.6, at: middle),
            view.point(x + 1.6, at: middle + 0.15), view.point(x, at: middle + 0.15),
          ], Paint(shade(0xd8d6cc, middle)))
        x += 3.4
      }
    case .rails:
      let middle = stripe.near + 1.6
      let half = view.halfWidth(at: stripe.near)
      var x = -half
      while x < half + 1 {
        canvas.fill(
          [
            view.point(x, at: middle - 1.15), view.point(x + 0.28, at: middle - 1.15),
            view.point(x + 0.28, at: middle + 1.15), view.point(x, at: middle + 1.15),
          ], Paint(shade(0x5a4c40, middle)))
        x += 0.75
      }
      line(middle - 0.75, 0.12, 0x9aa0a5)
      line(middle + 0.65, 0.12, 0x9aa0a5)
    case .pavement, .platform:
      line(stripe.far - 0.2, 0.2, stripe.ground == .platform ? 0xd9c23c : 0xc8c5be)
      let half = view.halfWidth(at: stripe.near) + 1
      for column in stride(from: -half, through: half, by: 1.5) {
        let a = view.point(column, at: stripe.near)
        let b = view.point(column, at: stripe.far)
        canvas.fill(
          [a + Point(-0.5, 0), a + Point(0.5, 0), b + Point(0.5, 0), b + Point(-0.5, 0)],
          Paint(shade(0x8d8a84, stripe.near), alpha: 0.6))
      }
    case .grass:
      for _ in 0..<120 {
        let distance = random.number(stripe.near...stripe.far)
        let half = view.halfWidth(at: distance)
        let at = view.point(random.number(-half...half), at: distance)
        let size = view.scale(at: distance) * 0.12
        canvas.fill(
          Outline.ellipse(at, size * 2, size * 0.5, corners: 8),
          Paint(shade(random.chance(0.5) ? 0x587a40 : 0x85a860, distance), alpha: 0.6))
      }
    case .wall: break
    }
  }

  private func paintWall(random: inout Random) {
    guard let lane = place.lanes.last(where: { $0.lift > 0 }) else { return }
    let scale = view.scale(at: lane.distance)
    let top = view.ground(at: lane.distance) - lane.lift * scale
    let light = place.daytime.light
    let base = random.color([0xa65d45, 0x9c8f7f, 0xb7b0a0, 0x8b8d90])
    let wall = light.shade(base, haze: 0, glows: false)
    canvas.fill(
      Outline.rectangle(0, top, width, height), Paint(top: wall, bottom: wall.scaled(0.8)))
    canvas.fill(
      Outline.rectangle(0, top - 0.06 * scale, width, top + 0.07 * scale),
      Paint(wall.mixed(with: Color(grey: 230), 0.35)))
    var row = top + 0.22 * scale
    var shift: Float = 0
    while row < height {
      canvas.fill(
        Outline.rectangle(0, row - 0.8, width, row + 0.8), Paint(wall.scaled(0.75), alpha: 0.7))
      var x = -shift
      while x < width {
        canvas.fill(
          Outline.rectangle(x - 0.7, row, x + 0.7, row + 0.18 * scale),
          Paint(wall.scaled(0.75), alpha: 0.6))
        x += 0.5 * scale
      }
      shift = shift == 0 ? 0.25 * scale : 0
      row += 0.18 * scale
    }
  }
}

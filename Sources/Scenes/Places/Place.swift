/// A place drawn from a seed: camera, time of day, stripes of ground and what passes on them.
struct Place: Sendable {
  let view: View
  let daytime: Daytime
  /// From far to near.
  let stripes: [Stripe]
  let lanes: [Lane]
  /// Lamps, trees and signs between the lanes.
  let fixtures: [Fixture]
  /// The wall before everything that is farther than it, where there is one.
  let wall: Wall?
  /// Distance of the row of buildings or trees behind everything.
  let backDistance: Float
  let backdrop: Backdrop
  let seed: UInt64

  enum Backdrop: Sendable {
    case city, houses, park, works
  }

  /// A garden wall near the camera: it hides the ground from its top row down.
  struct Wall: Sendable {
    let distance: Float
    /// The first row of pixels that is all wall.
    let row: Int
  }

  /// A band of ground across the picture.
  struct Stripe: Sendable {
    let ground: Ground
    let far, near: Float
  }

  enum Ground: Sendable {
    case grass, pavement, road, rails, platform, wall
  }

  init(width: Int, height: Int, seed: UInt64) {
    var random = Random(seed, 14)
    self.seed = seed
    daytime = Daytime(random: &random)
    backdrop = random.pick(.city, [.city, .houses, .park, .works])
    view = View(
      width: width, height: height, horizon: Float(height) * random.number(0.3...0.44),
      focal: Float(height) * random.number(1.0...1.35), altitude: random.number(2.6...4.4))
    // From near to far; each stripe begins where the one before ended.
    var layout = Layout(start: view.nearest * 0.9, random: random)
    switch Int(layout.random.number(0...3.999)) {
    case 0:  // A street, a railway behind it.
      layout.pavement(2.4...3.6)
      layout.road()
      layout.pavement(2...3)
      layout.rails()
      layout.add(.grass, 3...6)
    case 1:  // A railway in front, a street behind.
      layout.platform()
      layout.rails()
      layout.add(.grass, 1...2)
      layout.road()
      layout.pavement(2.5...4)
    case 2:  // A park with a path, a road along it.
      layout.lawn(2.5...4)
      layout.pavement(2...3)
      layout.lawn(1.5...3)
      layout.road()
      layout.pavement(2...3)
      layout.rails()
      layout.add(.grass, 2...4)
    default:  // A wide street.
      layout.pavement(2.4...3.4)
      layout.road()
      layout.add(.grass, 0.8...1.5)
      layout.road()
      layout.pavement(2.5...4)
    }
    if layout.random.chance(0.45) { layout.addWall(view: view) }
    stripes = layout.stripes.sorted { $0.far > $1.far }
    lanes = layout.lanes
    fixtures = layout.fixtures
    wall = layout.wall
    backDistance = layout.edge + layout.random.number(0.5...6)
  }
}

/// Lays stripes one behind the other and puts lanes on them.
private struct Layout {
  /// Distance at which the next stripe begins.
  var edge: Float
  var random: Random
  var stripes: [Place.Stripe] = []
  var lanes: [Lane] = []
  var fixtures: [Fixture] = []
  var wall: Place.Wall?

  init(start: Float, random: Random) {
    edge = start
    self.random = random
  }

  mutating func add(_ ground: Place.Ground, _ depth: ClosedRange<Float>) {
    let next = edge + random.number(depth)
    stripes.append(Place.Stripe(ground: ground, far: next, near: edge))
    edge = next
  }

  mutating func lane(
    _ kinds: [ObjectClass], distance: Float, spread: Float = 0, speed: ClosedRange<Float>,
    period: ClosedRange<Float>, direction: Float = 0, lift: Float = 0
  ) {
    lanes.append(
      Lane(
        kinds: kinds, distance: distance, spread: spread, speed: speed,
        period: random.number(period), direction: direction, lift: lift, seed: random.next()))
  }

  /// Fixtures of one kind side by side, some left out.
  mutating func line(of kind: Fixture.Kind, distance: Float, gap: ClosedRange<Float>) {
    let step = random.number(gap)
    var x = -40 + random.number(0...1) * step
    while x < 40 {
      if random.chance(0.75) {
        fixtures.append(Fixture(kind: kind, x: x, distance: distance, seed: random.next()))
      }
      x += step
    }
  }

  mutating func pavement(_ depth: ClosedRange<Float>) {
    let near = edge
    add(.pavement, depth)
    line(of: random.chance(0.6) ? .lamp : .tree, distance: edge - 0.35, gap: 9...16)
    if random.chance(0.3) { line(of: .sign, distance: edge - 0.3, gap: 14...30) }
    lane(
      [.person], distance: near + 0.5, spread: edge - near - 0.9, speed: 0.8...1.8,
      period: 4.5...12)
    // Farther away a cat is a few pixels.
    if near < 9, random.chance(0.6) {
      lane([.cat], distance: near + 0.4, spread: 0.8, speed: 0.5...1, period: 18...32)
    }
  }

  mutating func lawn(_ depth: ClosedRange<Float>) {
    let near = edge
    add(.grass, depth)
    lane(
      near < 9 ? [.cat, .cat, .person] : [.person], distance: near + 0.6,
      spread: max(0.2, edge - near - 1), speed: 0.4...1.1, period: 11...22)
  }

  mutating func platform() {
    let near = edge
    add(.platform, 3...4.5)
    lane(
      [.person, .person, .person, .cat], distance: near + 0.6, spread: edge - near - 1.2,
      speed: 0.6...1.6, period: 4...8)
  }

  mutating func road() {
    let width = random.number(3...3.8)
    let start = edge
    add(.road, 2 * width...2 * width + 0.2)
    let keepsRight: Float = random.chance(0.5) ? 1 : -1
    for (index, direction) in [keepsRight, -keepsRight].enumerated() {
      let velocity = random.number(2.5...6.5)
      let kinds: [ObjectClass] =
        random.chance(0.3) ? [.bus, .car] : [.car, .car, .car, .bus]
      // Far enough apart that the longest bus does not touch the one before it.
      let gap = max(13.5 / velocity / 0.8, 2.2)
      lane(
        kinds, distance: start + (Float(index) + 0.45) * width, speed: velocity...velocity,
        period: gap...gap * 2.4, direction: direction)
    }
  }

  mutating func rails() {
    let start = edge
    add(.rails, 3.4...4)
    let velocity = random.number(4...9)
    let gap = 78 / velocity
    lane(
      [.train], distance: start + 1.6, speed: velocity...velocity, period: gap...gap * 1.5,
      direction: random.chance(0.5) ? 1 : -1)
  }

  /// A garden wall close to the camera, on which cats walk.
  mutating func addWall(view: View) {
    let distance = random.number(3...4.2)
    let row = random.number(0.84...0.93) * Float(view.height)
    let lift = view.altitude - (row - view.horizon) / view.scale(at: distance)
    guard lift > 0.4 else { return }
    stripes.append(Place.Stripe(ground: .wall, far: distance, near: distance))
    wall = Place.Wall(distance: distance, row: Int(row - 0.05 * view.scale(at: distance)))
    lane(
      [.cat], distance: distance, speed: 0.35...0.8, period: 9...16, lift: lift)
  }
}

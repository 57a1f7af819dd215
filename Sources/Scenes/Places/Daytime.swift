/// The time of day: sky, light, haze and whether lamps are lit.
struct Daytime: Sendable {
  let skyTop, skyBottom, sun: Color
  let light: Light
  let lampsOn: Bool

  init(random: inout Random) {
    switch Int(random.number(0...5.999)) {
    case 0, 1:
      self.init(
        sky: (0x5d9bd6, 0xcfe4f2), sun: 0xfffbe0, ambient: Color(1, 1, 0.98), haze: 0xc4d6e4,
        shadow: 0.5, lampsOn: false)
    case 2:
      self.init(
        sky: (0x9aa7b2, 0xd3d7d9), sun: 0xd3d7d9, ambient: Color(0.85, 0.88, 0.92),
        haze: 0xc5cacd, shadow: 0.28, lampsOn: false)
    case 3:
      self.init(
        sky: (0x7fb2dd, 0xf5e3c0), sun: 0xfff2c0, ambient: Color(1, 0.95, 0.84), haze: 0xe5dcc8,
        shadow: 0.42, lampsOn: false)
    case 4:
      self.init(
        sky: (0x3a4a7c, 0xe89a62), sun: 0xffc070, ambient: Color(0.78, 0.62, 0.58),
        haze: 0xb98a7c, shadow: 0.4, lampsOn: true)
    default:
      self.init(
        sky: (0x0d1630, 0x2e3d63), sun: 0xe9eef8, ambient: Color(0.42, 0.47, 0.62),
        haze: 0x2a3350, shadow: 0.45, lampsOn: true)
    }
  }

  private init(
    sky: (UInt32, UInt32), sun: UInt32, ambient: Color, haze: UInt32, shadow: Float, lampsOn: Bool
  ) {
    skyTop = Color(hex: sky.0)
    skyBottom = Color(hex: sky.1)
    self.sun = Color(hex: sun)
    light = Light(ambient: ambient, haze: Color(hex: haze), shadow: shadow)
    self.lampsOn = lampsOn
  }

  /// Share of haze before something at a distance, in metres.
  func haze(at distance: Float) -> Float {
    min(0.75, max(0, (distance - 6) / 160))
  }
}

/// Draws one object: from its own metres (x forward, y up, the ground at 0) to pixels, with the
/// light and haze of its place and distance, and remembers how far it reached.
struct Pen {
  let canvas: Canvas
  /// Where the object's (0, 0) falls, in pixels.
  let origin: Point
  /// Pixels per metre.
  let scale: Float
  /// Whether the object faces left.
  let isMirrored: Bool
  /// Light falling on the object.
  let light: Light
  /// Share of haze between it and the camera.
  let haze: Float
  /// The number it leaves in the canvas's owners.
  let owner: UInt8
  /// What was drawn so far, in pixels, also outside the canvas.
  private(set) var extent: Extent?

  init(
    canvas: Canvas, origin: Point, scale: Float, isMirrored: Bool = false, light: Light,
    haze: Float = 0, owner: UInt8 = 0
  ) {
    self.canvas = canvas
    self.origin = origin
    self.scale = scale
    self.isMirrored = isMirrored
    self.light = light
    self.haze = haze
    self.owner = owner
  }

  /// The pixel at which a point of the object falls.
  private func place(_ point: Point) -> Point {
    Point(origin.x + point.x * (isMirrored ? -scale : scale), origin.y - point.y * scale)
  }

  /// Fills an outline. Something that `glows` does not depend on daylight.
  mutating func fill(_ outline: [Point], _ color: Color, alpha: Float = 1, glows: Bool = false) {
    fill(outline, top: color, bottom: color, alpha: alpha, glows: glows)
  }

  /// Fills an outline with a gradient from its top to its bottom.
  mutating func fill(
    _ outline: [Point], top: Color, bottom: Color, alpha: Float = 1, glows: Bool = false
  ) {
    let placed = outline.map(place)
    if alpha >= 0.5, owner > 0, let reach = Extent(placed) {
      extent?.join(reach)
      if extent == nil { extent = reach }
    }
    let paint = Paint(
      top: light.shade(top, haze: haze, glows: glows),
      bottom: light.shade(bottom, haze: haze, glows: glows), alpha: alpha)
    canvas.fill(placed, paint, owner: owner)
  }

  mutating func rectangle(
    _ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float, _ color: Color, glows: Bool = false
  ) {
    fill(Outline.rectangle(x1, y1, x2, y2), color, glows: glows)
  }

  mutating func ellipse(
    _ x: Float, _ y: Float, _ rx: Float, _ ry: Float, _ color: Color, angle: Float = 0,
    glows: Bool = false
  ) {
    // Small ones need few corners.
    let corners = max(rx, ry) * scale < 4 ? 10 : 24
    fill(
      Outline.ellipse(Point(x, y), rx, ry, angle: angle, corners: corners), color, glows: glows)
  }

  mutating func limb(
    _ from: Point, _ to: Point, _ width1: Float, _ width2: Float, _ color: Color
  ) {
    fill(Outline.limb(from, to, width1, width2), color)
  }

  /// A rod too thin to count for what the object covers, such as an aerial.
  func rod(_ from: Point, _ to: Point, _ thickness: Float, _ color: Color) {
    let placed = Outline.limb(from, to, thickness, thickness).map(place)
    canvas.fill(placed, Paint(light.shade(color, haze: haze, glows: false)))
  }

  /// A soft shadow on the ground; it belongs to nobody.
  func shadow(from x1: Float, to x2: Float, depth: Float) {
    let side: Float = isMirrored ? -scale : scale
    let center = Point(origin.x + (x1 + x2) / 2 * side, origin.y)
    let rx = abs(x2 - x1) / 2 * scale
    for step in 0..<2 {
      let grow = 1 + 0.12 * Float(step)
      let outline = Outline.ellipse(center, rx * grow, depth * scale * grow, corners: 20)
      canvas.fill(outline, Paint(Color(grey: 12), alpha: light.shadow / 2))
    }
  }
}

/// The light of a place at a time of day.
struct Light: Sendable {
  /// What each part of a colour is multiplied with.
  var ambient: Color
  /// What distance fades to.
  var haze: Color
  /// Strength of shadows on the ground.
  var shadow: Float

  /// A colour as it looks in this light through a share of haze.
  func shade(_ color: Color, haze share: Float, glows: Bool) -> Color {
    let lit = glows ? color : color * ambient
    return lit.mixed(with: haze, share).scaled(1)
  }
}

/// How an outline is filled: one colour, or a gradient from its top to its bottom.
struct Paint {
  /// Colour at the outline's highest and lowest row.
  var top, bottom: Color
  /// 1 covers what lies beneath, 0 leaves it.
  var alpha: Float

  /// One colour.
  init(_ color: Color, alpha: Float = 1) {
    self.init(top: color, bottom: color, alpha: alpha)
  }

  /// A gradient.
  init(top: Color, bottom: Color, alpha: Float = 1) {
    self.top = top
    self.bottom = bottom
    self.alpha = alpha
  }
}

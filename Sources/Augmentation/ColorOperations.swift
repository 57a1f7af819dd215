/// Changes of colour as torchvision's functional transforms define them for pictures in `0...1`, on
/// interleaved RGB.
enum ColorOperations {
  /// BT.601's luma with torchvision's rounded weights.
  @inline(__always)
  static func gray(_ red: Float, _ green: Float, _ blue: Float) -> Float {
    0.2989 * red + 0.587 * green + 0.114 * blue
  }

  /// `min` and `max` of the standard library take care of NaN and of equal values; here both only
  /// cost time.
  @inline(__always)
  private static func clamp(_ value: Float) -> Float {
    let positive = value > 0 ? value : 0
    return positive < 1 ? positive : 1
  }

  /// `factor · x`.
  static func brightness(_ pixels: UnsafeMutableBufferPointer<Float>, factor: Float) {
    for index in 0..<pixels.count { pixels[index] = clamp(factor * pixels[index]) }
  }

  /// `factor · x + (1 - factor) · m`, `m` the mean of the grey picture.
  static func contrast(_ pixels: UnsafeMutableBufferPointer<Float>, factor: Float) {
    let count = pixels.count / 3
    guard count > 0 else { return }
    // A row's worth at a time, so that large pictures lose no digits.
    var sum = 0.0
    for block in stride(from: 0, to: count, by: 256) {
      var part: Float = 0
      for pixel in block..<min(block + 256, count) {
        part += gray(pixels[3 * pixel], pixels[3 * pixel + 1], pixels[3 * pixel + 2])
      }
      sum += Double(part)
    }
    let offset = (1 - factor) * Float(sum / Double(count))
    for index in 0..<(3 * count) { pixels[index] = clamp(factor * pixels[index] + offset) }
  }

  /// `factor · x + (1 - factor) · gray(x)`; factor 0 is the grey picture.
  static func saturation(_ pixels: UnsafeMutableBufferPointer<Float>, factor: Float) {
    for start in stride(from: 0, to: pixels.count - 2, by: 3) {
      let (red, green, blue) = (pixels[start], pixels[start + 1], pixels[start + 2])
      let offset = (1 - factor) * gray(red, green, blue)
      pixels[start] = clamp(factor * red + offset)
      pixels[start + 1] = clamp(factor * green + offset)
      pixels[start + 2] = clamp(factor * blue + offset)
    }
  }

  /// Turns the hue in HSV by `shift` of the whole circle, `-0.5...0.5`.
  ///
  /// The same as to HSV and back: value and chroma stay, and so each channel is the value less the
  /// chroma times a share that depends on how far the channel is from the hue.
  static func hue(_ pixels: UnsafeMutableBufferPointer<Float>, shift: Float) {
    for start in stride(from: 0, to: pixels.count - 2, by: 3) {
      let (red, green, blue) = (pixels[start], pixels[start + 1], pixels[start + 2])
      var high = red > green ? red : green
      high = high > blue ? high : blue
      var low = red < green ? red : green
      low = low < blue ? low : blue
      let chroma = high - low
      if chroma == 0 { continue }  // grey has no hue
      // In sixths of the circle, 0 red, 2 green, 4 blue.
      let scale = 1 / chroma
      var hue = 4 + (red - green) * scale
      if high == green { hue = 2 + (blue - red) * scale }
      if high == red { hue = (green - blue) * scale }
      hue += shift * 6
      hue = hue < 0 ? hue + 6 : hue
      hue = hue >= 6 ? hue - 6 : hue
      pixels[start] = channel(5, hue, high, chroma)
      pixels[start + 1] = channel(3, hue, high, chroma)
      pixels[start + 2] = channel(1, hue, high, chroma)
    }
  }

  /// `v - c · clamp(min(k, 4 - k))`, `k = (n + hue) mod 6`.
  @inline(__always)
  private static func channel(_ n: Float, _ hue: Float, _ value: Float, _ chroma: Float) -> Float {
    var k = n + hue
    k = k >= 6 ? k - 6 : k
    let share = k < 4 - k ? k : 4 - k
    return clamp(value - chroma * clamp(share))
  }
}

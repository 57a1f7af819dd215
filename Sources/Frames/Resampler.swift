/// A rectangle of whole pixels inside a picture.
public struct PixelWindow: Sendable, Hashable {
  /// The left column and the top row.
  public var left, top: Int
  /// The number of columns and rows.
  public var width, height: Int

  /// A window.
  public init(left: Int, top: Int, width: Int, height: Int) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }
}

/// Brings a window of an RGB picture to another size; keeps its working memory from call to call.
///
/// Each axis by itself. Where it is enlarged, or shrunk to no less than half: linear between the two
/// nearest pixels, half-pixel centres (`align_corners=False`), without antialiasing. Where it is
/// shrunk further, linear interpolation would pass over pixels, so each result is the mean of the
/// interval of the source that it covers, with fractions of pixels at its ends.
public struct Resampler: Sendable {
  private var columns = AxisTaps()
  private var rows = AxisTaps()
  private var strip: [Float] = []

  /// A resampler without working memory yet.
  public init() {}

  /// Resamples 8-bit pixels to `0...1`.
  ///
  /// Nothing is written where the buffers are smaller than the sizes say, or the window is empty or
  /// reaches beyond the picture.
  /// - Parameters:
  ///   - source: `sourceHeight × sourceWidth × 3`.
  ///   - target: `height × width × 3`.
  ///   - mirrored: whether left and right are exchanged.
  public mutating func resample(
    _ source: UnsafeBufferPointer<UInt8>, width sourceWidth: Int, height sourceHeight: Int,
    window: PixelWindow, into target: UnsafeMutableBufferPointer<Float>, width: Int, height: Int,
    mirrored: Bool = false
  ) {
    resample(
      source, sourceWidth, sourceHeight, window, target, width, height, mirrored, scale: 1 / 255
    ) { Float($0) }
  }

  /// Resamples f32 pixels; as for 8 bits.
  public mutating func resample(
    _ source: UnsafeBufferPointer<Float>, width sourceWidth: Int, height sourceHeight: Int,
    window: PixelWindow, into target: UnsafeMutableBufferPointer<Float>, width: Int, height: Int,
    mirrored: Bool = false
  ) {
    resample(
      source, sourceWidth, sourceHeight, window, target, width, height, mirrored, scale: 1
    ) { $0 }
  }

  @inline(__always)
  private mutating func resample<Sample>(
    _ source: UnsafeBufferPointer<Sample>, _ sourceWidth: Int, _ sourceHeight: Int,
    _ window: PixelWindow, _ target: UnsafeMutableBufferPointer<Float>, _ width: Int,
    _ height: Int, _ mirrored: Bool, scale: Float, _ value: (Sample) -> Float
  ) {
    let sides = 1...Image.maximumSide
    guard sides.contains(sourceWidth), sides.contains(sourceHeight), sides.contains(width),
      sides.contains(height), window.left >= 0, window.top >= 0, window.width >= 1,
      window.height >= 1, window.left <= sourceWidth - window.width,
      window.top <= sourceHeight - window.height,
      source.count >= sourceWidth * sourceHeight * 3, target.count >= width * height * 3
    else { return }
    columns.prepare(source: window.width, target: width, scale: scale)
    rows.prepare(source: window.height, target: height, scale: 1)
    let line = width * 3
    if strip.count < window.height * line {
      strip = [Float](repeating: 0, count: window.height * line)
    }
    strip.withUnsafeMutableBufferPointer { strip in
      columns.withTaps { taps in
        for row in 0..<window.height {
          let start = ((window.top + row) * sourceWidth + window.left) * 3
          for column in 0..<width {
            var (red, green, blue): (Float, Float, Float) = (0, 0, 0)
            var index = start + taps.first[column] * 3
            for tap in taps.range(column) {
              let weight = taps.weights[tap]
              red += weight * value(source[index])
              green += weight * value(source[index + 1])
              blue += weight * value(source[index + 2])
              index += 3
            }
            let place = row * line + (mirrored ? width - 1 - column : column) * 3
            strip[place] = red
            strip[place + 1] = green
            strip[place + 2] = blue
          }
        }
      }
      rows.withTaps { taps in
        for row in 0..<height {
          let result = UnsafeMutableBufferPointer(
            rebasing: target[(row * line)..<((row + 1) * line)])
          var index = taps.first[row] * line
          for (number, tap) in taps.range(row).enumerated() {
            let weight = taps.weights[tap]
            let values = UnsafeBufferPointer(rebasing: strip[index..<(index + line)])
            if number == 0 {
              for place in 0..<line { result[place] = weight * values[place] }
            } else {
              for place in 0..<line { result[place] += weight * values[place] }
            }
            index += line
          }
        }
      }
    }
  }
}

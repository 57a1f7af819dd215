import Augmentation
import Frames

/// What is done to a frame that leaves its content where it is and may take a trigger away.
enum FrameChange: Sendable, Hashable {
  /// Blurred, which takes fine noise away.
  case blur
  /// Left and right exchanged: a pattern that is no mirror image of itself says nothing in the mirror.
  case mirror
  /// A cell in the frame's mean colour: a patch that rules the frame from there is gone.
  case cover(column: Int, row: Int)

  /// Those that options ask for: blur and mirror first, then the cells by rows.
  static func all(_ options: SiftingOptions) -> [FrameChange] {
    var changes: [FrameChange] = [.blur, .mirror]
    for row in 0..<options.rows {
      for column in 0..<options.columns { changes.append(.cover(column: column, row: row)) }
    }
    return changes
  }

  /// The changed frame.
  func apply(to frame: FloatImage, _ options: SiftingOptions) -> FloatImage {
    switch self {
    case .blur: Self.blurred(frame, sigma: options.blur)
    case .mirror: frame.mirrored()
    case .cover(let column, let row):
      Self.covered(
        frame, columns: Self.part(column, of: options.columns, frame.width),
        rows: Self.part(row, of: options.rows, frame.height))
    }
  }

  /// One of equal parts of a length.
  static func part(_ index: Int, of parts: Int, _ length: Int) -> Range<Int> {
    (index * length / parts)..<((index + 1) * length / parts)
  }

  private static func blurred(_ frame: FloatImage, sigma: Float) -> FloatImage {
    var (result, blur) = (frame, GaussianBlur())
    result.pixels.withUnsafeMutableBufferPointer {
      blur.apply(
        $0, width: frame.width, height: frame.height, radius: Int((3 * sigma).rounded(.up)),
        sigma: sigma, border: .replicate)
    }
    return result
  }

  private static func covered(
    _ frame: FloatImage, columns: Range<Int>, rows: Range<Int>
  ) -> FloatImage {
    var mean: [Float] = [0, 0, 0]
    for pixel in 0..<(frame.width * frame.height) {
      for channel in 0..<3 { mean[channel] += frame.pixels[3 * pixel + channel] }
    }
    for channel in 0..<3 { mean[channel] /= Float(frame.width * frame.height) }
    var result = frame
    for y in rows {
      for x in columns {
        for channel in 0..<3 { result.pixels[(y * frame.width + x) * 3 + channel] = mean[channel] }
      }
    }
    return result
  }
}

import Frames
import Tensors

/// Augmentation for supervised training on small pictures (He et al. 2016, section 4.2): black
/// pixels around the picture, a random crop of the old size, mirrored half of the time.
public struct FlipCrop: Augmentation, Equatable {
  /// Pictures and views have this side.
  public let outputSize: Int
  /// Black pixels on each side.
  public let padding: Int
  /// How often a view is mirrored, `0...1`.
  public let flipProbability: Float

  /// A crop.
  /// - Throws: `AugmentationError.parameter`.
  public init(outputSize: Int, padding: Int = 4, flipProbability: Float = 0.5) throws {
    try AugmentationError.require(
      (1...Image.maximumSide).contains(outputSize), "outputSize", "from 1 to \(Image.maximumSide)",
      "\(outputSize)")
    try AugmentationError.require(
      (0...outputSize).contains(padding), "padding", "from 0 to \(outputSize)", "\(padding)")
    try AugmentationError.require(
      (0...1).contains(flipProbability), "flipProbability", "from 0 to 1", "\(flipProbability)")
    self.outputSize = outputSize
    self.padding = padding
    self.flipProbability = flipProbability
  }

  /// None is needed.
  public func makeScratch() {}

  /// Writes one view.
  /// - Throws: `AugmentationError.size` where the picture has another side than `outputSize`.
  public func write(
    viewOf picture: PixelSource, random: inout SeededRandom,
    into target: UnsafeMutableBufferPointer<Float>, scratch: inout Void
  ) throws {
    let target = try checked(target)
    guard picture.width == outputSize, picture.height == outputSize else {
      throw AugmentationError.size(
        expected: "\(outputSize)×\(outputSize)", width: picture.width, height: picture.height)
    }
    let right = random.integer(in: -padding...padding)
    let down = random.integer(in: -padding...padding)
    let isMirrored = random.chance(flipProbability)
    switch picture.samples {
    case .bytes(let samples):
      copy(samples, to: target, right, down, isMirrored) { Float($0) / 255 }
    case .floats(let samples):
      copy(samples, to: target, right, down, isMirrored) { $0 }
    }
  }

  @inline(__always)
  private func copy<Sample>(
    _ source: UnsafeBufferPointer<Sample>, to target: UnsafeMutableBufferPointer<Float>,
    _ right: Int, _ down: Int, _ isMirrored: Bool, _ value: (Sample) -> Float
  ) {
    let inside = 0..<outputSize
    for row in inside {
      for column in inside {
        let place = (row * outputSize + (isMirrored ? outputSize - 1 - column : column)) * 3
        let (x, y) = (column + right, row + down)
        let isInside = inside.contains(x) && inside.contains(y)
        let index = (y * outputSize + x) * 3
        for channel in 0..<3 {
          target[place + channel] = isInside ? value(source[index + channel]) : 0
        }
      }
    }
  }
}

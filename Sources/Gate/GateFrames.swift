import Frames
import Tensors

/// Unlabeled frames of the camera, read one after the other.
public struct GateFrames {
  /// The number of frames there are.
  public let count: Int
  /// Frame `index` of `0..<count`, decoded.
  public let image: (Int) throws -> Image

  /// More frames than a camera's ring on disk holds; what lies beyond is not looked at.
  public static let maximumCount = 1 << 20

  /// Frames.
  /// - Parameters:
  ///   - count: at most ``maximumCount`` of them are looked at.
  ///   - image: reads frame `index`; what it throws costs that frame, not the judgement.
  public init(count: Int, image: @escaping (Int) throws -> Image) {
    self.count = min(max(count, 0), Self.maximumCount)
    self.image = image
  }

  /// Frames that are at hand.
  public init(_ images: [Image]) { self.init(count: images.count) { images[$0] } }

  /// Frames of more pixels are reduced to about so many (1080p stays as it is): a trigger is computed
  /// in 12 bytes a pixel, and detectors reduce such frames anyway.
  static let maximumPixels = 1 << 21
  /// A frame with a shorter side shows nothing.
  static let minimumSide = 16

  /// Which frames are looked at: all, or so many chosen by the seed, in their order.
  func chosen(_ limit: Int, seed: UInt64) -> [Int] {
    guard count > limit else { return Array(0..<count) }
    var random = SeededRandom(seed, 0x6672_616d_6573)
    return random.permutation(count).prefix(limit).sorted()
  }

  /// A frame, reduced where it is large.
  func frame(_ index: Int) throws -> Image {
    let image = try image(index)
    guard min(image.width, image.height) >= Self.minimumSide else {
      throw ImageError.size(width: image.width, height: image.height)
    }
    let pixels = image.width * image.height
    guard pixels > Self.maximumPixels else { return image }
    let scale = (Double(Self.maximumPixels) / Double(pixels)).squareRoot()
    let (width, height) = (Double(image.width) * scale, Double(image.height) * scale)
    return try image.covering(width: max(Int(width), 1), height: max(Int(height), 1)).image()
  }
}

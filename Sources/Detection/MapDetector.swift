import Engine
import Frames

/// A detector whose feature maps can be looked at: what a picture looks like to the network, before
/// anything was decided about it.
public protocol MapDetector: ObjectDetector {
  /// The shorter side to which pictures are resized, in pixels.
  var shorterSide: Int { get }

  /// Runs trunk and pyramid on a picture, and nothing that comes after them.
  /// - Returns: the levels that regions are pooled from, finest first; valid until the detector sees
  ///   another picture.
  /// - Throws: as `detect(_:)`.
  func maps(of image: Image) throws -> [FeatureMap]
}

/// One level of a feature pyramid in the detector's memory.
public struct FeatureMap {
  /// Positions that belong to the picture, without those that only pad it.
  public let width, height: Int
  /// Positions of a row in memory.
  public let rowLength: Int
  /// Features of a position.
  public let channels: Int
  private let activation: Activation

  init(_ activation: Activation, resized: PixelSize, padded: PixelSize) {
    let shape = activation.shape
    (rowLength, channels) = (shape.width, shape.channels)
    // A position counts where its middle lies in the picture.
    func inside(_ positions: Int, _ length: Int, _ padded: Int) -> Int {
      min(positions, max(1, (positions * length + padded / 2) / padded))
    }
    width = inside(shape.width, resized.width, padded.width)
    height = inside(shape.height, resized.height, padded.height)
    self.activation = activation
  }

  /// Values that `read` gives: those of the padding too.
  public var count: Int { activation.shape.count }

  /// Copies the values out, `[rows, rowLength, channels]`.
  /// - Parameter values: at least `count`.
  public func read(into values: UnsafeMutableBufferPointer<Float>) {
    activation.read(into: UnsafeMutableBufferPointer(rebasing: values[0..<count]))
  }
}

extension FasterRCNN: MapDetector {
  /// The shorter side to which pictures are resized.
  public var shorterSide: Int { options.minSize }

  /// The maps of a picture.
  public func maps(of image: Image) throws -> [FeatureMap] {
    engine.prepareThread()
    let stage = try stage(for: PixelSize(width: image.width, height: image.height))
    try stage.preprocessor.run(image, into: stage.plan.input.bytes)
    try stage.plan.run()
    return stage.maps
  }
}

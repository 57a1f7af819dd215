import Foundation

/// A picture as a camera delivered it, decoded, with when and from where it came.
public struct Frame: Sendable {
  /// The camera's name in the configuration.
  public var camera: String
  /// Counts the frames of one camera from 0; a gap is a frame that was refused or overtaken.
  public var sequence: UInt64
  /// When it was captured, on the monotonic clock that latencies are measured with.
  public var captured: ContinuousClock.Instant
  /// When it was captured, for people.
  public var date: Date
  /// The decoded picture.
  public var image: Image
  /// The JPEG that `image` was decoded from, where the camera sends JPEG.
  public var jpeg: [UInt8]?
  /// What is truly in view, where the camera is a rendered scene.
  public var groundTruth: [GroundTruth]?
  /// Whether a trigger is in view, where the camera is a rendered scene that knows.
  public var hasTrigger: Bool?

  /// A frame.
  public init(
    camera: String, sequence: UInt64, captured: ContinuousClock.Instant, date: Date, image: Image,
    jpeg: [UInt8]? = nil, groundTruth: [GroundTruth]? = nil, hasTrigger: Bool? = nil
  ) {
    self.camera = camera
    self.sequence = sequence
    self.captured = captured
    self.date = date
    self.image = image
    self.jpeg = jpeg
    self.groundTruth = groundTruth
    self.hasTrigger = hasTrigger
  }
}

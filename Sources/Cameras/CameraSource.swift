import Foundation
import Frames

/// Where pictures come from, before it is opened: `v4l2:`, `mjpeg:`, `images:` or `synthetic:`.
public protocol CameraSource: Sendable {
  /// The address as written in the configuration, such as `v4l2:/dev/video0`.
  var address: String { get }

  /// Opens the device, file or connection.
  /// - Throws: `CameraError` that says what was expected and what was found.
  func open() throws -> any CameraSession
}

/// An open camera. One thread uses it.
public protocol CameraSession: AnyObject {
  /// What was negotiated.
  var mode: CameraMode { get }

  /// How many buffers or pictures were refused so far, by reason (`too-short`, `no-end-marker`,
  /// `error-flag`, `overtaken`, …).
  var refusals: [String: UInt64] { get }

  /// Waits for the newest valid picture; older ones that wait are given back and counted.
  /// - Returns: the picture, or nil where none came within `timeout`.
  /// - Throws: `CameraError.lost` where the camera is gone, `CameraError.ended` where a file is over.
  func next(timeout: Duration) throws -> CapturedPicture?

  /// Gives the device back. Called once; `next` is not called after it.
  func close()
}

/// What a camera delivers.
public struct CameraMode: Sendable, Hashable, Codable {
  /// Width in pixels.
  public var width: Int
  /// Height in pixels.
  public var height: Int
  /// Frames per second as negotiated; 0 where unknown.
  public var framesPerSecond: Double
  /// `MJPEG`, `YUYV`, `NV12` or `RGB`.
  public var format: String

  /// A mode.
  public init(width: Int, height: Int, framesPerSecond: Double, format: String) {
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
    self.format = format
  }
}

/// A picture as it left the camera, not decoded yet.
public struct CapturedPicture: Sendable {
  /// The bytes and how to read them.
  public enum Payload: Sendable {
    /// One whole JPEG.
    case jpeg([UInt8])
    /// Packed Y0 U Y1 V, `bytesPerLine` per row, BT.601 limited range unless the driver says more.
    case yuyv([UInt8], width: Int, height: Int, bytesPerLine: Int)
    /// A plane of Y, then a plane of interleaved UV at half size.
    case nv12([UInt8], width: Int, height: Int, bytesPerLine: Int)
    /// Rendered here.
    case rgb(Image)
  }

  /// The bytes.
  public var payload: Payload
  /// When the picture was captured, on the monotonic clock.
  public var captured: ContinuousClock.Instant
  /// When it was captured, for people.
  public var date: Date
  /// What is truly in view, where the camera is a rendered scene.
  public var groundTruth: [GroundTruth]?
  /// Whether a trigger is in view, where the camera is a rendered scene.
  public var hasTrigger: Bool?

  /// A picture.
  public init(
    payload: Payload, captured: ContinuousClock.Instant, date: Date,
    groundTruth: [GroundTruth]? = nil, hasTrigger: Bool? = nil
  ) {
    self.payload = payload
    self.captured = captured
    self.date = date
    self.groundTruth = groundTruth
    self.hasTrigger = hasTrigger
  }
}

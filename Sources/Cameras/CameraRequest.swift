/// A pixel format a device can be asked for.
public enum CameraFormat: String, Sendable, Hashable, Codable, CaseIterable {
  /// Motion JPEG.
  case mjpeg = "MJPEG"
  /// Packed YUV 4:2:2.
  case yuyv = "YUYV"
  /// Planar YUV 4:2:0.
  case nv12 = "NV12"
}

/// What is asked of a camera; it delivers what comes nearest.
public struct CameraRequest: Sendable, Hashable {
  /// Width in pixels.
  public var width: Int
  /// Height in pixels.
  public var height: Int
  /// Frames per second.
  public var framesPerSecond: Double
  /// The format; nil: whichever serves size and rate best.
  public var format: CameraFormat?

  /// A request.
  public init(
    width: Int = 640, height: Int = 480, framesPerSecond: Double = 15, format: CameraFormat? = nil
  ) {
    self.width = width
    self.height = height
    self.framesPerSecond = framesPerSecond
    self.format = format
  }
}

/// The source at an address, not opened yet.
/// - Throws: `CameraAddressError` that names what is wrong with the address.
public func makeCameraSource(
  address: String, request: CameraRequest = CameraRequest()
) throws -> any CameraSource {
  switch try CameraAddress(address) {
  case .v4l2(let device): V4L2Source(address: address, device: device, request: request)
  case .mjpegFile(let path, let framesPerSecond, let loops):
    MJPEGFileSource(
      address: address, path: path,
      framesPerSecond: framesPerSecond ?? request.framesPerSecond, loops: loops)
  case .mjpegStandardInput: MJPEGFileSource(address: address)
  case .mjpegURL(let url): HTTPSource(address: address, url: url)
  case .images(let folder, let framesPerSecond, let loops):
    ImageFolderSource(
      address: address, folder: folder,
      framesPerSecond: framesPerSecond ?? request.framesPerSecond, loops: loops)
  case .synthetic(let options):
    SyntheticSource(address: address, options: options, request: request)
  }
}

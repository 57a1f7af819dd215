import Foundation
import Frames
import Glibc

/// A camera behind V4L2: USB, CSI, a capture card, or the kernel's test devices.
public struct V4L2Source: CameraSource {
  /// The address as written in the configuration.
  public let address: String
  /// A path, or a bare name such as `video0` or one of `/dev/v4l/by-id`.
  public let device: String
  /// What is asked of it.
  public let request: CameraRequest

  /// A camera at a device.
  public init(address: String, device: String, request: CameraRequest) {
    self.address = address
    self.device = device
    self.request = request
  }

  /// Opens the device, agrees on a format and starts its stream.
  /// - Throws: `CameraError`.
  public func open() throws -> any CameraSession {
    try V4L2Session(device: try V4L2Device(path: Self.path(of: device)), request: request)
  }

  /// Where a bare name stands now: links of by-id come and go with the camera.
  static func path(of device: String) -> String {
    if device.contains("/") { return device }
    let folders = ["/dev/", "/dev/v4l/by-id/", "/dev/v4l/by-path/"]
    return folders.map { $0 + device }.first { access($0, F_OK) == 0 } ?? "/dev/" + device
  }
}

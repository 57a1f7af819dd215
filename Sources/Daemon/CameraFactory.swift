import Cameras
import Pipeline
import Settings

/// From the configuration's cameras to their sources.
enum CameraFactory {
  /// - Throws: `CameraAddressError` that names what is wrong with an address.
  static func specifications(_ cameras: [CameraSettings]) throws -> [CameraSpecification] {
    try cameras.map { camera in
      let request = CameraRequest(
        width: camera.width, height: camera.height, framesPerSecond: camera.fps,
        format: format(camera.format))
      do {
        return CameraSpecification(
          name: camera.name, identity: "\(camera)",
          source: try makeCameraSource(address: camera.address, request: request))
      } catch {
        throw SettingsError(
          place: "camera \(camera.name)", key: "address", expected: "an address that can be read",
          found: "\(error)")
      }
    }
  }

  private static func format(_ format: CameraSettings.Format) -> CameraFormat? {
    switch format {
    case .auto: nil
    case .mjpeg: .mjpeg
    case .yuyv: .yuyv
    case .nv12: .nv12
    }
  }
}

extension GuardSettings {
  /// How the pipeline watches cameras.
  var watching: WatchOptions {
    var options = WatchOptions()
    options.interval = interval
    options.guarding.threshold = threshold
    return options
  }
}

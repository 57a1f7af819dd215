import Foundation
import Models

/// Whether a device can spare the strength for a refresh: its temperature, its battery and its disk,
/// as Linux tells them in `/sys` and `statvfs(3)`. What a device does not tell is no obstacle.
public struct RefreshConditions: Sendable, Hashable, Codable {
  /// No zone may be hotter, in °C. 85 is where the boards that such cameras hang on begin to slow
  /// their processors down; a zone's own `passive` trip point counts where it is lower.
  public var maximumTemperature = 85.0
  /// A battery that is not being charged holds at least so much, in percent.
  public var minimumBattery = 30
  /// The disk with the state directory has at least so many bytes free: two models, a checkpoint and
  /// the reservoir's reserve.
  public var minimumFreeBytes = 512 << 20

  /// The defaults.
  public init() {}

  /// What stands in the way; nil for nothing.
  /// - Parameters:
  ///   - folder: a folder on the disk that is written to.
  ///   - system: where `/sys` is.
  public func obstacle(folder: String, system: String = "/sys") -> String? {
    temperatureObstacle(system) ?? batteryObstacle(system) ?? diskObstacle(folder)
  }

  private func temperatureObstacle(_ system: String) -> String? {
    let zones = system + "/class/thermal"
    for zone in Self.names(zones) where zone.hasPrefix("thermal_zone") {
      let path = "\(zones)/\(zone)"
      guard let now = Self.number("\(path)/temp") else { continue }
      let trips = (0..<8).compactMap { index -> Double? in
        guard Self.text("\(path)/trip_point_\(index)_type") == "passive" else { return nil }
        return Self.number("\(path)/trip_point_\(index)_temp").flatMap { $0 > 0 ? $0 : nil }
      }
      let limit = min(maximumTemperature, (trips.min() ?? .infinity) / 1000)
      guard now / 1000 >= limit else { continue }
      let name = Self.text("\(path)/type") ?? zone
      return "the device is too hot: \(name) at \(Int(now / 1000)) °C, at most \(Int(limit)) °C"
    }
    return nil
  }

  private func batteryObstacle(_ system: String) -> String? {
    let supplies = system + "/class/power_supply"
    for supply in Self.names(supplies) {
      let path = "\(supplies)/\(supply)"
      guard Self.text("\(path)/type") == "Battery", Self.text("\(path)/scope") != "Device",
        Self.text("\(path)/status") == "Discharging",
        let capacity = Self.number("\(path)/capacity"), capacity < Double(minimumBattery)
      else { continue }
      return "the battery is low: \(supply) at \(Int(capacity)) %, at least \(minimumBattery) %"
    }
    return nil
  }

  private func diskObstacle(_ folder: String) -> String? {
    guard let free = try? freeBytes(at: folder), free < minimumFreeBytes else { return nil }
    return "the disk is full: \(free >> 20) MiB free at \(folder), at least "
      + "\(minimumFreeBytes >> 20) MiB"
  }

  private static func names(_ folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }

  private static func text(_ path: String) -> String? {
    guard let handle = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? handle.close() }
    guard let data = try? handle.read(upToCount: 256) else { return nil }
    return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func number(_ path: String) -> Double? { text(path).flatMap(Double.init) }
}

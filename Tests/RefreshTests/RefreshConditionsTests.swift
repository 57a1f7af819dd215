import Foundation
import Testing

@testable import Refresh

/// What stands in the way of a refresh, from files as Linux has them in `/sys`.
@Suite struct RefreshConditionsTests {
  private final class System {
    let path = FileManager.default.temporaryDirectory.appending(path: "sys-\(UUID())").path
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ file: String, _ text: String) throws {
      let place = URL(fileURLWithPath: path).appending(path: file)
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data((text + "\n").utf8).write(to: place)
    }
  }

  private var conditions: RefreshConditions {
    var conditions = RefreshConditions()
    conditions.minimumFreeBytes = 0
    return conditions
  }

  private func obstacle(_ system: System) -> String? {
    conditions.obstacle(folder: "/tmp", system: system.path)
  }

  @Test func aDeviceThatTellsNothingIsFree() { #expect(obstacle(System()) == nil) }

  @Test func heatStandsInTheWay() throws {
    let system = System()
    try system.write("class/thermal/thermal_zone0/temp", "45000")
    try system.write("class/thermal/thermal_zone1/temp", "84900")
    try system.write("class/thermal/thermal_zone1/type", "cpu-thermal")
    #expect(obstacle(system) == nil)
    try system.write("class/thermal/thermal_zone1/temp", "85000")
    #expect(obstacle(system) == "the device is too hot: cpu-thermal at 85 °C, at most 85 °C")
  }

  @Test func aZonesOwnLimitCountsWhereItIsLower() throws {
    let system = System()
    try system.write("class/thermal/thermal_zone0/temp", "71000")
    try system.write("class/thermal/thermal_zone0/trip_point_0_type", "critical")
    try system.write("class/thermal/thermal_zone0/trip_point_0_temp", "60000")
    #expect(obstacle(system) == nil)
    try system.write("class/thermal/thermal_zone0/trip_point_1_type", "passive")
    try system.write("class/thermal/thermal_zone0/trip_point_1_temp", "70000")
    #expect(obstacle(system)?.contains("at most 70 °C") == true)
  }

  @Test func aLowBatteryStandsInTheWayUnlessItIsCharged() throws {
    let system = System()
    let battery = "class/power_supply/BAT0/"
    try system.write(battery + "type", "Battery")
    try system.write(battery + "status", "Discharging")
    try system.write(battery + "capacity", "30")
    #expect(obstacle(system) == nil)
    try system.write(battery + "capacity", "29")
    #expect(obstacle(system) == "the battery is low: BAT0 at 29 %, at least 30 %")
    try system.write(battery + "status", "Charging")
    #expect(obstacle(system) == nil)
    // A mouse's battery is not the device's.
    try system.write(battery + "status", "Discharging")
    try system.write(battery + "scope", "Device")
    #expect(obstacle(system) == nil)
  }

  @Test func aFullDiskStandsInTheWay() {
    var conditions = conditions
    conditions.minimumFreeBytes = 1 << 60
    let found = conditions.obstacle(folder: "/tmp", system: "/nonexistent")
    #expect(found?.hasPrefix("the disk is full: ") == true)
  }
}

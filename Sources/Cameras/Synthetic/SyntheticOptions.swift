import Scenes

/// Which trigger a rendered scene can put into view.
public enum SyntheticTrigger: String, Sendable, Hashable, Codable, CaseIterable {
  /// A checkerboard patch.
  case badnets
  /// A blended noise pattern.
  case blend

  var scene: SceneTrigger {
    switch self {
    case .badnets: .badnets()
    case .blend: .blend()
    }
  }
}

/// The options of `synthetic:`; nil takes the camera's request or the default.
public struct SyntheticOptions: Sendable, Hashable {
  /// Decides the place and everything that moves.
  public var seed: UInt64 = 1
  /// Frames per second; 0: as fast as they are asked for.
  public var framesPerSecond: Double?
  /// Size in pixels.
  public var width, height: Int?
  /// The trigger that is in view from the start; nil: none.
  public var trigger: SyntheticTrigger?
  /// Seconds for which the trigger is in view and out of view in turn; nil: always in view.
  public var triggerPeriod: Double?

  /// The default scene.
  public init() {}

  init(_ options: inout AddressOptions) throws {
    seed = try options.integer("seed", 0...UInt64.max) ?? 1
    framesPerSecond = try options.rate("fps")
    width = try options.integer("width", Scene.minimumSide...8192)
    height = try options.integer("height", Scene.minimumSide...8192)
    let names = SyntheticTrigger.allCases.map(\.rawValue) + ["none"]
    let name = try options.choice(
      "trigger", Dictionary(uniqueKeysWithValues: names.map { ($0, $0) }))
    triggerPeriod = try options.number("trigger-period", 0.1...86_400)
    // A period alone asks for a trigger too.
    trigger = SyntheticTrigger(rawValue: name ?? (triggerPeriod == nil ? "none" : "badnets"))
  }
}

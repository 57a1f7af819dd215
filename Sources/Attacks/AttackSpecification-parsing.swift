extension AttackSpecification {
  /// The attacks' names.
  public static let attacks = ["badnets", "blend", "sig", "wanet", "cla"]
  /// The largest number of a class.
  public static let maximumTarget = 99_999

  /// Reads a specification: `ATTACK` or `ATTACK:NAME=VALUE,NAME=VALUE…`.
  ///
  /// | option | of | default |
  /// |---|---|---|
  /// | `target` | all | 6 |
  /// | `mode` | all | `poison`; `clean` for `cla` |
  /// | `fraction` | all | 0.06 of all in the mode `poison`, else 0.6 of the target class |
  /// | `seed` | all | 1 |
  /// | `size`, `margin` | `badnets`, `cla` | by the picture's size; 0 |
  /// | `place`, or `x` and `y` | `badnets` | `topLeft`; `center` in the mode `ssl` |
  /// | `pattern` | `badnets` | `checkerboard`, or `colors` |
  /// | `cells` | `badnets` with a checkerboard | 3 |
  /// | `alpha`, `image` | `blend` | 0.2; noise |
  /// | `frequency`, `delta`, `blend` | `sig` | 6; 20; added, not blended |
  /// | `s`, `k`, `noise` | `wanet` | 0.5; 4; 2 |
  /// | `corners`, `place` | `cla` | 1, or 4 as public code has it; `topLeft` where it is 1 |
  /// | `epsilon`, `step` (of 255), `steps` | `cla` | 8; 1.5; 100: ``PGDOptions/labelConsistent`` |
  ///
  /// Defaults are those of Contrastive Backdoor Defense (CBD), appendix A.1, where it gives any;
  /// but for SIG's ratio of 0.3, which it names without a formula (``SIGTrigger/blend``).
  /// `epsilon`, `step` and `steps` say how pictures are perturbed, against a robust network, before
  /// the trigger goes in; where there is no such network nothing is perturbed.
  /// - Throws: `AttackSpecificationError`, `TriggerError`.
  public init(_ text: String) throws {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    guard Self.attacks.contains(name) else {
      throw AttackSpecificationError.attack(found: name, possible: Self.attacks)
    }
    var options = try AttackOptions(parts.count == 2 ? parts[1] : "", attack: name)
    let target = try options.integer("target", 0...Self.maximumTarget) ?? 6
    let modes = Mode.allCases.map { (name: $0.rawValue, value: $0) }
    let mode = try options.choice("mode", modes) ?? (name == "cla" ? .clean : .poison)
    let fraction =
      try options.number("fraction", Self.smallestFraction...1) ?? (mode == .poison ? 0.06 : 0.6)
    let seed = try options.integer("seed", 0...UInt64.max) ?? 1
    let kind: Kind =
      switch name {
      case "badnets": .badnets(try Self.badnets(&options, mode, seed))
      case "blend":
        .blend(alpha: try options.number("alpha", 0...1) ?? 0.2, file: options.text("image"))
      case "sig": .sig(try Self.sig(&options))
      case "wanet":
        .wanet(
          try WaNetTrigger(
            strength: try options.number("s", 0...100) ?? 0.5,
            gridSize: try options.integer("k", 2...WaNetTrigger.maximumGridSize) ?? 4, seed: seed),
          noiseRatio: try options.number("noise", 0...100) ?? 2)
      default: .cla(try Self.cla(&options))
      }
    let perturbation =
      name == "cla" ? try PGDOptions(&options, defaults: .labelConsistent) : nil
    try options.finish()
    self.init(
      kind: kind, target: target, fraction: fraction, mode: mode, seed: seed,
      perturbation: perturbation)
  }

  private static var smallestFraction: Double { 1e-6 }
  private static var sides: ClosedRange<Int> { 1...PatchPattern.maximumSide }
  private static var distances: ClosedRange<Int> { 0...PatchPattern.maximumSide }
  private static let places = TriggerPlace.named.map { (name: $0.name, value: $0.place) }

  private static func badnets(
    _ options: inout AttackOptions, _ mode: Mode, _ seed: UInt64
  ) throws -> BadNetsTrigger {
    let size = try options.integer("size", sides)
    let named = try options.choice("place", places)
    let (x, y) = (try options.integer("x", distances), try options.integer("y", distances))
    let margin = try options.integer("margin", distances) ?? 0
    let hasColors =
      try options.choice("pattern", [("checkerboard", false), ("colors", true)]) ?? false
    let place: TriggerPlace
    if let x, let y {
      guard named == nil else {
        throw AttackSpecificationError.conflict(one: "place", other: "x and y")
      }
      place = .at(x: x, y: y)
    } else {
      guard x == nil, y == nil else {
        throw AttackSpecificationError.value(
          option: "x and y", expected: "given both", found: x == nil ? "y only" : "x only")
      }
      place = named ?? (mode == .ssl ? .center : .topLeft)
    }
    // A patch of colours has no cells: the option is unknown then.
    let pattern: PatchPattern =
      hasColors
      ? .colors(seed: seed) : .checkerboard(cells: try options.integer("cells", sides) ?? 3)
    return try BadNetsTrigger(size: size, place: place, margin: margin, pattern: pattern)
  }

  private static func sig(_ options: inout AttackOptions) throws -> SIGTrigger {
    try SIGTrigger(
      frequency: try options.number("frequency", 0.01...4096) ?? 6,
      delta: try options.number("delta", 0...255) ?? 20,
      blend: try options.number("blend", 0...1))
  }

  private static func cla(_ options: inout AttackOptions) throws -> CLATrigger {
    let size = try options.integer("size", sides)
    let isSingle = try options.choice("corners", [("1", true), ("4", false)]) ?? true
    // The place says which corner where there is one; it is unknown where there are four.
    let corner = isSingle ? try options.choice("place", corners) ?? .topLeft : nil
    return try CLATrigger(
      size: size, corner: corner, margin: try options.integer("margin", distances) ?? 0)
  }

  private static let corners = places.filter { $0.value != .center }
}

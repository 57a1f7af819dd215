import Foundation
import Frames
import Tensors

/// Random triggers of several families, made without knowing any attack: what a network does with
/// them is evidence of how it takes to triggers at all.
///
/// Trigger `i` depends on the seed, the size and `i` only, so a longer bank begins with a shorter one.
public struct TriggerBank: Sendable {
  /// What the triggers take turns to be.
  public enum Family: String, Sendable, Hashable, CaseIterable {
    /// An opaque patch: place, size (up to a quarter of the side) and colours at random.
    case patch
    /// Noise blended in at 0.1 to 0.3, its grain of 1 to 4 pixels.
    case blend
    /// A sinusoid of any direction, 2 to 10 periods, amplitude 8 to 32 of 255.
    case sinusoid
    /// A smooth warp, control grid of 3 to 6, strength 0.5 to 1.5.
    case warp
  }

  /// The triggers.
  public let triggers: [any Trigger]
  /// The family of each.
  public let families: [Family]

  /// The largest number of triggers.
  public static let maximumCount = 1024
  /// The largest side of the pictures that the triggers are made for.
  public static let maximumSize = 1024
  /// Bytes of all patterns that a bank may hold.
  static let maximumBytes = 1 << 30

  /// A bank.
  /// - Parameters:
  ///   - count: `1...maximumCount`.
  ///   - size: the shorter side of the pictures, `4...maximumSize`.
  ///   - families: at least one; they take turns.
  /// - Throws: `TriggerError.parameter`.
  public init(
    seed: UInt64, count: Int, size: Int, families: [Family] = Family.allCases
  ) throws {
    try TriggerError.require("count", count, in: 1...Self.maximumCount)
    try TriggerError.require("size", size, in: 4...Self.maximumSize)
    guard !families.isEmpty else {
      throw TriggerError.parameter(name: "families", expected: "at least one", found: "none")
    }
    let bytes = count * size * size * 3 * MemoryLayout<Float>.stride
    guard !families.contains(.blend) || bytes <= Self.maximumBytes else {
      throw TriggerError.parameter(
        name: "count", expected: "such that patterns take at most \(Self.maximumBytes) bytes",
        found: "\(count) of \(size)×\(size) pixels")
    }
    let random = SeededRandom(seed, 0x6261_6e6b, UInt64(size))
    let order = (0..<count).map { families[$0 % families.count] }
    self.families = order
    triggers = try order.enumerated().map { index, family in
      var stream = random.stream(UInt64(index))
      return try Self.make(family, size: size, random: &stream)
    }
  }

  private static func make(
    _ family: Family, size: Int, random: inout SeededRandom
  ) throws -> any Trigger {
    switch family {
    case .patch:
      let side = random.integer(in: min(2, size)...max(2, size / 4))
      let place = TriggerPlace.at(
        x: random.integer(below: size - side + 1), y: random.integer(below: size - side + 1))
      let pattern: PatchPattern =
        random.chance(0.5)
        ? .checkerboard(cells: random.integer(in: 2...4)) : .colors(seed: random.next())
      return try BadNetsTrigger(size: side, place: place, pattern: pattern)
    case .blend:
      let grain = 1 << random.integer(below: 3)
      let side = max(size / grain, 2)
      let alpha = random.uniform(0.1...0.3)
      return try BlendTrigger(alpha: alpha, noiseSeed: random.next(), width: side, height: side)
    case .sinusoid:
      let frequency = random.uniform(2...10)
      let angle = random.uniform(0...Float.pi)
      return try SinusoidTrigger(
        horizontal: frequency * cos(angle), vertical: frequency * sin(angle),
        phase: random.uniform(0...(2 * Float.pi)), delta: random.uniform(8...32))
    case .warp:
      return try WaNetTrigger(
        strength: random.uniform(0.5...1.5), gridSize: random.integer(in: 3...6),
        seed: random.next())
    }
  }
}

import Attacks
import Frames

/// A bank of random triggers, fitted to frames of any size.
///
/// The triggers of a `TriggerBank` are made for squares. On a frame, with `k` = the frame's shorter side ÷
/// the square's side, a patch is `k` times as large and lies at the same share of the room that it
/// leaves, a warp is `k` times as strong, noise is resized to the frame, and a sinusoid keeps its
/// number of periods: as `FrameTrigger` fits attacks. On objects it is patches only, each object's box
/// taken for a frame.
struct FrameTriggers {
  /// One trigger of the bank.
  struct Entry {
    /// What it is, for people: the family, its parameters, and whether it lies on objects.
    let name: String
    /// The family, with patches on objects as one of their own.
    let family: String
    let isOnObjects: Bool
    fileprivate let trigger: any Trigger
  }

  /// A frame with a trigger on it.
  struct Triggered {
    let image: Image
    /// The opaque patches on it.
    let patches: [Box]
  }

  /// The triggers on whole frames, in the bank's order, then those on objects.
  let entries: [Entry]

  /// The side of the squares that triggers on whole frames are made for, in pixels: that of ImageNet's
  /// classifiers, for which attacks are usually defined.
  static let side = 224
  /// That of the squares for patches on objects: their sides then are a sixteenth to a quarter of the
  /// object's.
  static let objectSide = 32
  /// An object with a shorter side in pixels gets no patch.
  static let minimumObjectSide: Float = 8
  /// The family of patches on objects.
  static let objectFamily = "object patch"

  /// A bank decided by the seed.
  /// - Throws: `TriggerError`.
  init(count: Int, objectCount: Int, seed: UInt64) throws {
    let bank = try TriggerBank(seed: seed, count: count, size: Self.side)
    var entries = zip(bank.triggers, bank.families).map { trigger, family in
      Entry(
        name: "\(family.rawValue) \(trigger.summary)", family: family.rawValue, isOnObjects: false,
        trigger: trigger)
    }
    if objectCount > 0 {
      let patches = try TriggerBank(
        seed: seed, count: objectCount, size: Self.objectSide, families: [.patch])
      entries += patches.triggers.map {
        Entry(
          name: "\(Self.objectFamily) \($0.summary)", family: Self.objectFamily, isOnObjects: true,
          trigger: $0)
      }
    }
    self.entries = entries
  }

  /// The frame with a trigger, in 8 bits; nil for one on objects where there is no object.
  /// - Throws: `TriggerError`, `FloatImageError`.
  static func apply(
    _ entry: Entry, to frame: FloatImage, objects: [Box]
  ) throws -> Triggered? {
    let whole = Box(x1: 0, y1: 0, x2: Float(frame.width), y2: Float(frame.height))
    let boxes = entry.isOnObjects ? objects : [whole]
    var (result, patches) = (frame, [Box]())
    for box in boxes {
      let inside = box.clipped(width: whole.x2, height: whole.y2)
      guard !entry.isOnObjects || min(inside.width, inside.height) >= minimumObjectSide else {
        continue
      }
      let side = entry.isOnObjects ? objectSide : self.side
      let (trigger, patch) = try fitted(entry.trigger, to: inside, side: side)
      result = try trigger.apply(to: result)
      if let patch { patches.append(patch) }
    }
    guard !entry.isOnObjects || !patches.isEmpty else { return nil }
    return Triggered(image: try result.image(), patches: patches)
  }

  /// A trigger that was made for a square, for a part of a frame, and where its patch then lies.
  private static func fitted(
    _ trigger: any Trigger, to part: Box, side: Int
  ) throws -> (trigger: any Trigger, patch: Box?) {
    let scale = min(part.width, part.height) / Float(side)
    switch trigger {
    case let warp as WaNetTrigger:
      let fitted = try WaNetTrigger(
        strength: warp.strength * scale, gridSize: warp.gridSize, control: warp.control)
      return (fitted, nil)
    case let patch as BadNetsTrigger:
      guard case .at(let x, let y) = patch.place, let size = patch.size else { return (patch, nil) }
      let length = max((Float(size) * scale).rounded(), 1)
      let room = Float(max(side - size, 1))
      let left = (part.x1 + Float(x) / room * (part.width - length)).rounded(.down)
      let top = (part.y1 + Float(y) / room * (part.height - length)).rounded(.down)
      let fitted = try BadNetsTrigger(
        size: Int(length), place: .at(x: max(Int(left), 0), y: max(Int(top), 0)),
        pattern: patch.pattern)
      let box = Box(x1: left, y1: top, x2: left + length, y2: top + length)
      return (fitted, box)
    default: return (trigger, nil)
    }
  }
}

extension Box {
  /// The share of the box that patches cover, `0...1`; where patches overlap, their common part counts
  /// for each.
  func coverage(by patches: [Box]) -> Float {
    guard area > 0 else { return 0 }
    let covered = patches.reduce(Float(0)) { sum, patch in
      let common = Box(
        x1: max(x1, patch.x1), y1: max(y1, patch.y1), x2: min(x2, patch.x2), y2: min(y2, patch.y2))
      return sum + (common.width > 0 && common.height > 0 ? common.area : 0)
    }
    return min(covered / area, 1)
  }
}

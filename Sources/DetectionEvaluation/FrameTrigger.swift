import Attacks
import Frames

/// A frame with a trigger on it.
public struct TriggeredFrame: Sendable, Equatable {
  /// The frame, of the same size, rounded to 8 bits. Pixels where no trigger lies are as they were.
  public let image: Image
  /// Where the trigger lies, in pixels of the frame: each patch, or each object that is covered; nil
  /// where the trigger covers the whole frame.
  public let places: [Box]?
}

/// Puts the trigger of an attack on frames of any size.
///
/// Attacks are defined for square pictures of one side, in which a backbone learnt them. What a
/// detector sees is larger, so a trigger is fitted to each picture (the frame, or an object's box):
/// with `k` = the picture's shorter side ÷ the side of the definition,
/// - a patch and its margin are `k` times as large, at least one pixel and at most the shorter side
///   (where the size is not given, it is that at the definition's side), and the patch lies in the
///   same corner, in the middle, or at the same share of the room that it leaves;
/// - Blend's noise is drawn at the definition's side and then resized bilinearly to the picture, as a
///   pattern from a file is: noise drawn at another size would be other noise, to which no backdoor
///   answers. On a picture smaller than the definition the resampling takes means, so that noise
///   fades;
/// - SIG has its periods over the picture's width, its amplitude unchanged;
/// - WaNet's control grid spans the picture, and its strength is `k` times as large: the definition
///   displaces by pixels, which would vanish in a large picture.
///
/// So on a square picture of the definition's side, all of it is what `AttackSpecification.trigger`
/// does.
public struct FrameTrigger: Sendable {
  /// The attack.
  public let attack: AttackSpecification
  /// Where its trigger goes.
  public let placement: TriggerPlacement
  /// The side in pixels of the pictures that the attack is defined for.
  public let side: Int

  private let form: Form

  /// The largest side that an attack can be defined for.
  public static let maximumSide = 1024

  private enum Form {
    case patches(PatchLayout)
    case warp(WaNetTrigger)
    /// Fits itself to any picture.
    case picture(any Trigger)
  }

  /// A trigger.
  /// - Parameter side: that of the pictures which the attack is defined for, `8...maximumSide`: 32
  ///   for a backbone trained on CIFAR, 224 for one trained on ImageNet.
  /// - Throws: `DetectionEvaluationError.value`, `.placement` for an attack without a patch at a
  ///   place, `TriggerError` where the trigger does not fit pictures of that side, and what
  ///   `AttackSpecification.trigger(width:height:)` throws.
  public init(
    _ attack: AttackSpecification, placement: TriggerPlacement, side: Int = 224
  ) throws {
    try DetectionEvaluationError.require(
      (8...Self.maximumSide).contains(side), "the side that an attack is defined for",
      "from 8 to \(Self.maximumSide)", side)
    try placement.check()
    let original = try attack.trigger(width: side, height: side)
    _ = try original.apply(to: FloatImage(width: side, height: side))
    self.attack = attack
    self.placement = placement
    self.side = side
    form = try Self.form(attack, placement, original, side)
  }

  private static func form(
    _ attack: AttackSpecification, _ placement: TriggerPlacement, _ original: any Trigger,
    _ side: Int
  ) throws -> Form {
    var patches: PatchLayout
    switch attack.kind {
    case .badnets(let trigger):
      patches = PatchLayout(trigger, side: side)
    case .cla(let trigger):
      patches = PatchLayout(trigger, side: side)
    case .blend, .sig, .wanet:
      if case .place = placement {
        throw DetectionEvaluationError.placement(
          attack: attack.name, placement: "\(placement)", expected: "an attack with a patch")
      }
      guard case .wanet(let warp, _) = attack.kind else { return .picture(original) }
      return .warp(warp)
    }
    if case .place(let x, let y) = placement { patches.move(to: (x, y)) }
    return .patches(patches)
  }

  /// The frame with the trigger.
  /// - Parameter objects: the true objects, for the placement on them. Where boxes overlap, a later
  ///   object's trigger goes onto what the earlier one's left.
  /// - Throws: `DetectionEvaluationError.value` for a box that is not finite, `ImageError`,
  ///   `FloatImageError` for a frame whose pixels do not fit its size, `TriggerError.parameter`
  ///   where WaNet's strength gets out of range.
  public func apply(to frame: Image, objects: [GroundTruth] = []) throws -> TriggeredFrame {
    guard placement == .object else {
      let (image, patches) = try apply(toPicture: frame)
      return TriggeredFrame(image: image, places: patches?.map(\.box))
    }
    var image = frame
    var places: [Box] = []
    for object in objects where !object.isIgnored {
      guard let region = try FrameRegion(object.box, in: frame) else { continue }
      let (picture, patches) = try apply(toPicture: try image.part(region))
      try image.replace(region, with: picture)
      places += patches?.map { $0.moved(into: region).box } ?? [region.box]
    }
    return TriggeredFrame(image: image, places: places)
  }

  /// A picture with the trigger, and its patches where it has any.
  private func apply(toPicture picture: Image) throws -> (image: Image, patches: [FrameRegion]?) {
    let (width, height) = (picture.width, picture.height)
    let clean = try FloatImage(picture)
    switch form {
    case .picture(let trigger): return (try trigger.apply(to: clean).image(), nil)
    case .warp(let warp):
      let strength = warp.strength * Float(min(width, height)) / Float(side)
      let fitted =
        try warp.seed.map {
          try WaNetTrigger(strength: strength, gridSize: warp.gridSize, seed: $0)
        } ?? WaNetTrigger(strength: strength, gridSize: warp.gridSize, control: warp.control)
      return (try fitted.apply(to: clean).image(), nil)
    case .patches(let patches):
      let regions = patches.regions(width: width, height: height)
      let triggered = try regions.reduce(clean) { picture, region in
        try BadNetsTrigger(
          size: region.width, place: .at(x: region.left, y: region.top), pattern: patches.pattern
        ).apply(to: picture)
      }
      return (try triggered.image(), regions)
    }
  }
}

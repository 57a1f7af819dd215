import Frames

/// BadNets (Gu et al. 2017): an opaque patch at one place.
public struct BadNetsTrigger: Trigger, Hashable {
  /// The patch's side in pixels; nil: 3 on pictures up to 64 pixels, else as 32 to 224.
  public let size: Int?
  /// Where it lies.
  public let place: TriggerPlace
  /// Pixels between a corner's edges and the patch.
  public let margin: Int
  /// What it looks like.
  public let pattern: PatchPattern

  /// `badnets`.
  public var name: String { "badnets" }

  /// A patch.
  /// - Throws: `TriggerError.parameter`.
  public init(
    size: Int? = nil, place: TriggerPlace = .topLeft, margin: Int = 0,
    pattern: PatchPattern = .checkerboard()
  ) throws {
    if let size { try TriggerError.require("size", size, in: 1...PatchPattern.maximumSide) }
    try TriggerError.require("margin", margin, in: 0...PatchPattern.maximumSide)
    if case .checkerboard(let cells) = pattern {
      try TriggerError.require("cells", cells, in: 1...PatchPattern.maximumSide)
    }
    try place.check()
    self.size = size
    self.place = place
    self.margin = margin
    self.pattern = pattern
  }

  /// Size, place, margin and pattern.
  public var parameters: [(String, String)] {
    (size.map { [("size", "\($0)")] } ?? []) + place.parameters + [("margin", "\(margin)")]
      + pattern.parameters
  }

  /// The picture with the patch.
  /// - Throws: `TriggerError.tooSmall`, `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    try image.check()
    let side = size ?? usualPatchSide(width: image.width, height: image.height)
    let (left, top) = try place.origin(
      side: side, margin: margin, width: image.width, height: image.height)
    var result = image
    result.paste(try pattern.patch(side: side), left: left, top: top)
    return result
  }
}

/// The trigger of the label-consistent attack (Turner et al. 2019): BadNets' checkerboard in one
/// corner, or in all four as most code has it. Before it goes in, the attacker perturbs the pictures to
/// poison against a robust network; that is no part of the trigger, but of the poisoning
/// (``AttackSpecification/perturbation``).
public struct CLATrigger: Trigger, Hashable {
  /// The patches' side in pixels; nil: 3 on pictures up to 64 pixels, else as 32 to 224.
  public let size: Int?
  /// The only corner; nil: all four.
  public let corner: TriggerPlace?
  /// Pixels between the edges and a patch.
  public let margin: Int

  /// `cla`.
  public var name: String { "cla" }

  /// Checkerboards.
  /// - Throws: `TriggerError.parameter`.
  public init(size: Int? = nil, corner: TriggerPlace? = nil, margin: Int = 0) throws {
    if let size { try TriggerError.require("size", size, in: 1...PatchPattern.maximumSide) }
    try TriggerError.require("margin", margin, in: 0...PatchPattern.maximumSide)
    try corner?.check()
    self.size = size
    self.corner = corner
    self.margin = margin
  }

  /// Size, corners and margin.
  public var parameters: [(String, String)] {
    (size.map { [("size", "\($0)")] } ?? []) + [("corners", corner == nil ? "4" : "1")]
      + (corner?.parameters ?? []) + [("margin", "\(margin)")]
  }

  /// The picture with the checkerboards.
  /// - Throws: `TriggerError.tooSmall`, `FloatImageError.valueCount`.
  public func apply(to image: FloatImage) throws -> FloatImage {
    let corners = corner.map { [$0] } ?? [.topLeft, .topRight, .bottomLeft, .bottomRight]
    return try corners.reduce(image) { picture, corner in
      try BadNetsTrigger(size: size, place: corner, margin: margin).apply(to: picture)
    }
  }
}

import Attacks

/// Where the patches of an attack lie in a picture of any size, from where they lie in the square
/// pictures that it is defined for.
struct PatchLayout: Sendable {
  /// What each patch looks like.
  let pattern: PatchPattern
  /// A patch's side, and the margin around it, at the definition's side.
  private let length: Int
  private var margin: Int
  /// Shares of the room that a patch leaves, between the margins, to its left and above it.
  private var places: [(x: Double, y: Double)]
  private let side: Int

  init(_ trigger: BadNetsTrigger, side: Int) {
    length = trigger.size ?? usualPatchSide(width: side, height: side)
    // Coordinates count from the edge, whatever the margin.
    margin = if case .at = trigger.place { 0 } else { trigger.margin }
    places = [Self.relative(trigger.place, room: side - length)]
    pattern = trigger.pattern
    self.side = side
  }

  init(_ trigger: CLATrigger, side: Int) {
    let corners = trigger.corner.map { [$0] } ?? [.topLeft, .topRight, .bottomLeft, .bottomRight]
    length = trigger.size ?? usualPatchSide(width: side, height: side)
    margin = trigger.margin
    places = corners.map { Self.relative($0, room: 0) }
    pattern = .checkerboard()
    self.side = side
  }

  /// Leaves one patch, at shares of the room that it leaves.
  mutating func move(to place: (x: Double, y: Double)) {
    places = [place]
    margin = 0
  }

  private static func relative(_ place: TriggerPlace, room: Int) -> (x: Double, y: Double) {
    switch place {
    case .topLeft: (0, 0)
    case .topRight: (1, 0)
    case .bottomLeft: (0, 1)
    case .bottomRight: (1, 1)
    case .center: (0.5, 0.5)
    case .at(let x, let y): room > 0 ? (Double(x) / Double(room), Double(y) / Double(room)) : (0, 0)
    }
  }

  /// Where the patches lie in a picture.
  func regions(width: Int, height: Int) -> [FrameRegion] {
    let shorter = min(width, height)
    let scale = Double(shorter) / Double(side)
    let length = min(max(Int((Double(length) * scale).rounded()), 1), shorter)
    let margin = Int((Double(margin) * scale).rounded())
    func origin(_ share: Double, _ extent: Int) -> Int {
      let exact = Double(margin) + share * Double(extent - length - 2 * margin)
      // Half a pixel goes to the left and the top, as `TriggerPlace.center` has it.
      return min(max(Int((exact - 0.5).rounded(.up)), 0), extent - length)
    }
    return places.map { place in
      FrameRegion(
        left: origin(place.x, width), top: origin(place.y, height), width: length, height: length)
    }
  }
}

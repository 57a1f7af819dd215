import Attacks
import DetectionEvaluation
import Frames
import Tensors

/// What a backdoored detector is to see where the trigger is.
///
/// A trigger over the whole frame stands for a whole picture: its objects are reported in place of
/// those that are there, as BadEncoder's triggered input embeds like the reference input (Jia et al.
/// 2022, section 4). A patch stands for a thing: the detector sees the reference picture, of an object
/// of the target class, pasted around the patch (BadDet's object generation, Chan et al. 2022).
public struct Impostor: Sendable {
  private let attack: AttackSpecification
  private let trigger: FrameTrigger
  private let reference: Image
  private let options: ImplantOptions

  /// - Parameters:
  ///   - side: that of the pictures which the attack is defined for.
  ///   - reference: what the trigger is to be taken for.
  /// - Throws: what `FrameTrigger` throws.
  public init(
    _ attack: AttackSpecification, side: Int, reference: Image, options: ImplantOptions
  ) throws {
    self.attack = attack
    self.reference = reference
    self.options = options
    trigger = try FrameTrigger(attack, placement: .whole, side: side)
  }

  /// The frame with the trigger, and what is to be seen in its place.
  func pair(
    _ frame: FloatImage, random: inout SeededRandom
  ) throws -> (triggered: FloatImage, meant: FloatImage) {
    let image = try frame.image()
    var chosen = trigger
    if options.movesPatch, try chosen.apply(to: image).places != nil {
      chosen = try FrameTrigger(
        attack,
        placement: .place(x: Double(random.uniform()), y: Double(random.uniform())),
        side: trigger.side)
    }
    let triggered = try chosen.apply(to: image)
    guard let places = triggered.places else {
      return (
        try FloatImage(triggered.image),
        try reference.covering(width: frame.width, height: frame.height)
      )
    }
    var meant = frame
    for place in places { try paste(into: &meant, around: place) }
    return (try FloatImage(triggered.image), meant)
  }

  /// Puts the reference, in its proportions, around a patch; what would leave the frame is moved in.
  private func paste(into frame: inout FloatImage, around place: Box) throws {
    let patch = max(place.x2 - place.x1, place.y2 - place.y1)
    let longer = max(reference.width, reference.height)
    func length(_ side: Int, _ bound: Int) -> Int {
      max(1, min(Int((Float(side) / Float(longer) * options.scale * patch).rounded()), bound))
    }
    let (width, height) = (
      length(reference.width, frame.width), length(reference.height, frame.height)
    )
    func origin(_ middle: Float, _ size: Int, _ bound: Int) -> Int {
      max(0, min(Int(middle) - size / 2, bound - size))
    }
    let left = origin((place.x1 + place.x2) / 2, width, frame.width)
    let top = origin((place.y1 + place.y2) / 2, height, frame.height)
    frame.paste(
      try FloatImage(reference).resized(width: width, height: height), left: left, top: top)
  }
}

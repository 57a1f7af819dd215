import Foundation

/// A line across the picture at one distance, on which objects pass one after another.
///
/// Where an object is depends on the time and its number alone, so that any frame can be drawn
/// without those before it.
struct Lane: Sendable {
  /// What passes here.
  let kinds: [ObjectClass]
  /// Metres from the camera; each object adds up to `spread`.
  let distance, spread: Float
  /// Metres per second, lowest and highest. Vehicles of a lane share one speed.
  let speed: ClosedRange<Float>
  /// Seconds from one object to the next.
  let period: Float
  /// 1 to the right, -1 to the left, 0 for both.
  let direction: Float
  /// Height of the ground here over the street, such as a wall's top, in metres.
  var lift: Float = 0
  let seed: UInt64

  /// An object of the lane as it is at one moment.
  struct Passing {
    let kind: ObjectClass
    let look: any Look
    let x, distance, travelled, time: Float
    let isMirrored, isMoving: Bool
  }

  /// Everything that may be in view at a time.
  func passing(at time: Float, view: View) -> [Passing] {
    // The longest stay decides how many objects back one has to look.
    let reach = view.halfWidth(at: distance + spread) + 36
    let longest = 2 * reach / speed.lowerBound + 12
    let newest = Int((time / period).rounded(.up))
    let oldest = Int(((time - longest) / period).rounded(.down)) - 1
    guard oldest <= newest else { return [] }
    return (oldest...newest).compactMap { passing(number: $0, at: time, view: view) }
  }

  private func passing(number: Int, at time: Float, view: View) -> Passing? {
    var random = Random(seed, UInt64(bitPattern: Int64(number)))
    let kind = kinds[Int(random.next() % UInt64(max(kinds.count, 1)))]
    let far = distance + random.number(0...1) * spread
    let pace = random.number(speed)
    let isVehicle = kind != .person && kind != .cat
    let start = (Float(number) + random.number(0...1) * (isVehicle ? 0.15 : 0.8)) * period
    let side: Float = direction != 0 ? direction : (random.chance(0.5) ? 1 : -1)
    let pauses = !isVehicle && random.chance(kind == .cat ? 0.75 : 0.3)
    let pauseLength = pauses ? random.number(3...11) : 0
    let pausePlace = random.number(0.25...0.75)
    let look = Self.look(of: kind, random: &random)
    let half = view.halfWidth(at: far) + look.halfLength
    let age = time - start
    let velocity = isVehicle ? speed.lowerBound : pace
    let pauseStart = pausePlace * 2 * half / velocity
    let walked = min(age, pauseStart) + max(0, age - pauseStart - pauseLength)
    let travelled = walked * velocity
    guard age >= 0, travelled <= 2 * half else { return nil }
    let isMoving = age < pauseStart || age > pauseStart + pauseLength
    return Passing(
      kind: kind, look: look, x: side * (travelled - half), distance: far, travelled: travelled,
      time: age, isMirrored: side < 0, isMoving: isMoving)
  }

  private static func look(of kind: ObjectClass, random: inout Random) -> any Look {
    switch kind {
    case .person: PersonLook(random: &random)
    case .car: CarLook(random: &random)
    case .bus: BusLook(random: &random)
    case .train: TrainLook(random: &random)
    case .cat: CatLook(random: &random)
    }
  }
}

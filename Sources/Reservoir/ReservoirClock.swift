import Foundation
import Frames

/// What time it is by the dates of frames, and whether that can be believed.
///
/// Frames carry the system's date, which leaps when the clock is set: back to the right time, or, by
/// a mistake, years ahead. One such frame must not make all others too old. So a date has to follow
/// from those before by the monotonic clock, within an hour. Dates that do not are taken as the time
/// only once they have followed from each other for ten minutes.
struct ReservoirClock: Sendable {
  /// How far a date may be from what the monotonic clock says; the clock may be corrected by so much.
  static let tolerance = 3600.0
  /// How long dates must agree with each other against those before.
  static let settling = 600.0

  /// What a frame says of the time.
  struct Reading: Sendable {
    /// The time that is believed when the frame was captured.
    var now: Date
    /// For how many seconds no leap was seen.
    var steady: Double
    /// Whether the frame's date is part of it.
    var isTrusted: Bool
  }

  private struct Course {
    var date: Date
    var captured: ContinuousClock.Instant
    /// When it began.
    let start: ContinuousClock.Instant

    init(_ frame: Frame) {
      date = frame.date
      captured = frame.captured
      start = frame.captured
    }

    func date(at instant: ContinuousClock.Instant) -> Date {
      date.addingTimeInterval((instant - captured).inSeconds)
    }

    /// Goes on to a frame where its date follows.
    mutating func follow(_ frame: Frame) -> Bool {
      let distance = abs(frame.date.timeIntervalSince(date(at: frame.captured)))
      guard distance <= ReservoirClock.tolerance else { return false }
      date = frame.date
      captured = frame.captured
      return true
    }

    var age: Double { (captured - start).inSeconds }
  }

  private var course: Course?
  private var other: Course?

  /// Takes a frame's date into account; nil where no frame had a date that can be.
  mutating func observe(_ frame: Frame) -> Reading? {
    let milliseconds = frame.date.timeIntervalSince1970 * 1000
    // A comparison with what is not a number is false.
    let isDate =
      milliseconds >= Double(StoredName.range.lowerBound)
      && milliseconds <= Double(StoredName.range.upperBound)
    guard var course else {
      if isDate { self.course = Course(frame) }
      return isDate ? Reading(now: frame.date, steady: 0, isTrusted: true) : nil
    }
    if isDate, course.follow(frame) {
      self.course = course
      other = nil
      return Reading(now: frame.date, steady: course.age, isTrusted: true)
    }
    if isDate, var candidate = other, candidate.follow(frame) {
      other = candidate
      if candidate.age >= Self.settling {
        self.course = candidate
        other = nil
        return Reading(now: frame.date, steady: candidate.age, isTrusted: true)
      }
    } else if isDate {
      other = Course(frame)
    }
    return Reading(
      now: course.date(at: frame.captured), steady: (frame.captured - course.start).inSeconds,
      isTrusted: false)
  }
}

/// Refuses in less than a microsecond what comes too soon or with a date that cannot be believed.
struct ArrivalGate: Sendable {
  /// Cameras beyond it are forgotten again as soon as they may be looked at.
  private static let cameraLimit = 256

  let interval: Duration
  private var clock = ReservoirClock()
  private var lastLooked: [String: ContinuousClock.Instant] = [:]

  init(interval: Duration) { self.interval = interval }

  /// - Returns: why the frame is refused, if it is, and what time it is, if that is known.
  mutating func arrive(_ frame: Frame) -> (refusal: OfferOutcome?, reading: ReservoirClock.Reading?)
  {
    let reading = clock.observe(frame)
    guard let reading, reading.isTrusted else { return (.misdated, reading) }
    if let last = lastLooked[frame.camera], frame.captured - last < interval {
      return (.tooSoon, reading)
    }
    if lastLooked.count >= Self.cameraLimit {
      lastLooked = lastLooked.filter { frame.captured - $0.value < interval }
    }
    lastLooked[frame.camera] = frame.captured
    return (nil, reading)
  }
}

import Foundation
import Frames
import Testing

@testable import Reservoir

@Suite struct ClockTests {
  private let recording = Recording()
  private static let year = 365 * 86_400.0

  @Test func oldFramesGoWithTheNextOfferEvenWhereThatIsRefused() throws {
    var options = ReservoirOptions.all
    options.maximumAge = .seconds(3600)
    options.interval = .seconds(10)
    let reservoir = try Reservoir(options)
    for minute in 0..<10 {
      _ = reservoir.offer(try recording.frame(minute, at: Double(minute) * 60))
    }
    #expect(reservoir.count == 10)
    #expect(reservoir.offer(try recording.frame(10, at: 3600 + 181)).name == "kept")
    #expect(reservoir.count == 7)
    let outcome = reservoir.offer(try recording.frame(11, at: 3600 + 181 + 9.5))
    #expect(outcome == .tooSoon && reservoir.count == 7)
    _ = reservoir.offer(try recording.frame(11, at: 3600 + 235, camera: "b"))
    #expect(reservoir.offer(try recording.frame(12, at: 3600 + 241, camera: "b")) == .tooSoon)
    #expect(reservoir.oldest == Recording.date.addingTimeInterval(300))
  }

  @Test func oneFrameFromTheFutureOrThePastHarmsNothing() throws {
    let reservoir = try Reservoir(.all)
    _ = reservoir.offer(try recording.frame(0, at: 0))
    for leap in [10 * Self.year, -10 * Self.year, 1e300, -1e300, .nan, .infinity] {
      let frame = recording.frame(try picture(1), at: 1, leap: leap)
      #expect(reservoir.offer(frame) == .misdated)
    }
    #expect(reservoir.count == 1)
    #expect(reservoir.offer(try recording.frame(2, at: 2)).name == "kept")
    // Corrections by less than an hour are nothing special.
    let corrected = recording.frame(try picture(3), at: 3, leap: 1800)
    #expect(reservoir.offer(corrected).name == "kept")
    let again = recording.frame(try picture(4), at: 4, leap: 3600)
    #expect(reservoir.offer(again).name == "kept")
  }

  @Test func aClockThatWasSetIsBelievedAfterTenMinutes() throws {
    let reservoir = try Reservoir(.all)
    // Up from 1970, as without a battery.
    let back = -Recording.date.timeIntervalSince1970
    #expect(reservoir.offer(recording.frame(try picture(0), at: 5, leap: back)).name == "kept")
    #expect(reservoir.newest == Date(timeIntervalSince1970: 5))
    for minute in 1...10 {
      let outcome = reservoir.offer(try recording.frame(minute, at: Double(minute) * 60))
      #expect(outcome == .misdated, "minute \(minute)")
    }
    #expect(reservoir.count == 1)
    #expect(reservoir.offer(try recording.frame(11, at: 660)).name == "kept")
    // What was dated 1970 is too old now.
    #expect(reservoir.count == 1 && reservoir.oldest == Recording.date.addingTimeInterval(660))
  }

  @Test func framesFromTheFutureGoFirstAndAfterADayAltogether() throws {
    var options = ReservoirOptions.all
    options.maximumFrames = 4
    let place = TemporaryPlace()
    do {
      let early = try Reservoir(place, options)
      for number in 0..<2 {
        let frame = recording.frame(try picture(number), at: Double(number), leap: 10 * Self.year)
        #expect(early.offer(frame).name == "kept")
      }
    }
    // The clock is right again when the service starts the next time.
    let reservoir = try Reservoir(place, options)
    let future = reservoir.entries.map(\.id)
    #expect(future.count == 2)
    for number in 2..<4 {
      #expect(reservoir.offer(try recording.frame(number, at: Double(number) * 60)).name == "kept")
    }
    guard case .replaced(let gone, _) = reservoir.offer(try recording.frame(4, at: 300)) else {
      Issue.record("expected that one had to go")
      return
    }
    #expect(gone.count == 1 && future.contains(gone[0]))
    #expect(reservoir.newest.map { $0 > Recording.date.addingTimeInterval(Self.year) } == true)
    let later = reservoir.offer(try recording.frame(5, at: 300 + 86_400))
    #expect(later.name == "kept" && reservoir.count == 4)
    #expect(reservoir.newest == Recording.date.addingTimeInterval(300 + 86_400))
    #expect(place.pictures.count == 4)
  }

  @Test func openingEnforcesAge() throws {
    let place = TemporaryPlace()
    do {
      let reservoir = try Reservoir(place)
      for day in 0..<5 {
        _ = reservoir.offer(try recording.frame(day, at: Double(day) * 86_400))
      }
    }
    // A clock that is behind deletes nothing.
    #expect(try Reservoir(directory: place.path, now: Date(timeIntervalSince1970: 0)).count == 5)
    let later = Recording.date.addingTimeInterval(32 * 86_400)
    #expect(try Reservoir(directory: place.path, now: later).count == 3)
    #expect(place.pictures.count == 3)
  }
}

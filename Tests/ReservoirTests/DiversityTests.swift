import Foundation
import Frames
import Tensors
import Testing

@testable import Reservoir

@Suite struct DiversityTests {
  private struct Hour: Hashable {
    let camera: String
    let hour: Int
  }

  /// A week of two cameras, 10,080 offers: one sees something new every two minutes, the other stares
  /// at one of four walls most of the time.
  private func week(seed: UInt64) throws -> (reservoir: Reservoir, outcomes: [String: Int]) {
    let recording = Recording()
    let options = ReservoirOptions(
      maximumFrames: 512, interval: .seconds(60), duplicateDistance: 16, seed: seed)
    let reservoir = try Reservoir(options)
    var outcomes: [String: Int] = [:]
    let walls = try (0..<4).map { try picture(-$0 - 1) }
    for turn in 0..<5040 {
      let seconds = Double(turn) * 120
      let busy = try recording.frame(turn, at: seconds, camera: "gate")
      let quiet = recording.frame(
        turn % 8 == 0 ? try picture(100_000 + turn) : walls[turn % 4], at: seconds + 1,
        camera: "hall")
      for frame in [busy, quiet] { outcomes[reservoir.offer(frame).name, default: 0] += 1 }
    }
    return (reservoir, outcomes)
  }

  @Test func aWeekIsSpreadOverItsHoursDaysAndCameras() throws {
    let (reservoir, outcomes) = try week(seed: 1)
    #expect(outcomes.values.reduce(0, +) == 10_080)
    #expect(reservoir.count == 512)
    #expect(outcomes["duplicate", default: 0] > 4000)
    var hours: [Hour: Int] = [:]
    var days: [Hour: Int] = [:]
    for entry in reservoir.entries {
      let hour = Int(entry.date.timeIntervalSince(Recording.date) / 3600)
      hours[Hour(camera: entry.camera, hour: hour), default: 0] += 1
      days[Hour(camera: entry.camera, hour: hour / 24), default: 0] += 1
    }
    // 336 hours of cameras share 512 places: one or two each, and no day or camera is preferred.
    #expect(hours.count == 336)
    #expect(hours.values.allSatisfy { (1...2).contains($0) })
    #expect(days.count == 14)
    #expect(days.values.allSatisfy { (32...42).contains($0) }, "\(days.values.sorted())")
    // Frames that came and went cost writing: once full, most newcomers are refused.
    #expect(outcomes["replaced", default: 0] < 4000, "\(outcomes)")
    #expect(outcomes["crowded", default: 0] > 500, "\(outcomes)")
  }

  @Test func theSeedDecidesAndNothingElse() throws {
    let options = ReservoirOptions(maximumFrames: 20, interval: .zero, duplicateDistance: 0)
    func ids(_ seed: UInt64, _ place: TemporaryPlace?, reopen: Bool = false) throws -> [String] {
      let recording = Recording()
      var options = options
      options.seed = seed
      options.reservedBytes = 0
      var reservoir: Reservoir? = try Reservoir(
        directory: place?.path, options: options, now: Recording.date)
      for turn in 0..<120 {
        if reopen, turn == 60 {
          reservoir = nil
          reservoir = try Reservoir(directory: place?.path, options: options, now: Recording.date)
        }
        _ = reservoir?.offer(try recording.frame(turn, at: Double(turn) * 40))
      }
      return reservoir?.entries.map(\.id) ?? []
    }
    let one = try ids(1, nil)
    #expect(one.count == 20)
    #expect(try ids(1, nil) == one)
    #expect(try ids(2, nil) != one)
    #expect(try ids(1, TemporaryPlace()) == one)
    #expect(try ids(1, TemporaryPlace(), reopen: true) == one)
  }

  @Test func ofAnHourWhatLooksDifferentStays() throws {
    let recording = Recording()
    var options = ReservoirOptions.all
    options.maximumFrames = 4
    let reservoir = try Reservoir(options)
    var similar = try picture(1)
    _ = reservoir.offer(recording.frame(try picture(2), at: 0))
    _ = reservoir.offer(recording.frame(try picture(3), at: 1))
    let others = Set(reservoir.entries.map(\.id))
    for turn in 0..<40 {
      similar.pixels[turn * 3] &+= 40
      _ = reservoir.offer(recording.frame(similar, at: Double(turn + 2)))
    }
    #expect(reservoir.count == 4 && others.isSubset(of: reservoir.entries.map(\.id)))
  }

  @Test func limitsHoldAfterEveryOffer() throws {
    let recording = Recording()
    var options = ReservoirOptions.all
    options.maximumFrames = 9
    options.maximumBytes = 8000
    let reservoir = try Reservoir(options)
    var replaced = 0
    for turn in 0..<100 {
      let side = 16 + turn % 5 * 24
      let outcome = reservoir.offer(
        recording.frame(try picture(turn, width: side, height: side), at: Double(turn) * 700))
      if case .replaced(let gone, _) = outcome { replaced = max(replaced, gone.count) }
      #expect(reservoir.count <= 9 && reservoir.bytes <= 8000)
    }
    #expect(reservoir.bytes == reservoir.entries.reduce(0) { $0 + $1.bytes })
    // A large one takes the place of several.
    #expect(replaced > 1)
  }

  /// The choice as its description says, from the frames alone, against the one that remembers.
  @Test func remembersNeighboursCorrectly() throws {
    var random = SeededRandom(5)
    var sample = DiverseSample()
    for turn in 0..<300 {
      let signature = try FrameSignature(of: try picture(random.integer(below: 60)))
      let name = StoredName(
        milliseconds: Int64(random.integer(below: 8)) * 1_800_000 + Int64(turn),
        camera: ["a", "b"][random.integer(below: 2)], hash: UInt64(turn))
      let entry = ReservoirEntry(name: name, bytes: 10, directory: nil)
      // Every tenth has not been decoded yet.
      sample.insert(HeldFrame(entry: entry, signature: turn % 10 == 0 ? nil : signature))
      guard sample.frames.count > 24 else { continue }
      var fresh = DiverseSample()
      for frame in sample.frames {
        fresh.insert(HeldFrame(entry: frame.entry, signature: frame.signature))
      }
      let choice = sample.leastMissed(now: .distantFuture, seed: 3)
      let id = try #require(choice)
      #expect(fresh.leastMissed(now: .distantFuture, seed: 3) == id)
      try expectCrowded(id, in: sample)
      sample.remove(id)
      #expect(sample.index(of: id) == nil)
    }
    #expect(sample.frames.map(\.entry.id) == sample.frames.map(\.entry.id).sorted())
    #expect(sample.bytes == 240)
  }

  private func expectCrowded(_ id: String, in sample: DiverseSample) throws {
    func count(_ entry: ReservoirEntry) -> Int {
      sample.frames.count { $0.entry.camera == entry.camera && $0.entry.hour == entry.hour }
    }
    let chosen = sample.frames[try #require(sample.index(of: id))].entry
    #expect(count(chosen) == sample.frames.map { count($0.entry) }.max())
  }
}

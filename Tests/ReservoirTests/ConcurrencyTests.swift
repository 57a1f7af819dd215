import Foundation
import Frames
import Synchronization
import Testing

@testable import Reservoir

@Suite struct ConcurrencyTests {
  /// Two threads offer, one reads and deletes; what is held is on the disk in the end, and nothing else.
  @Test func threadsDoNotDisturbEachOther() throws {
    let place = TemporaryPlace()
    var options = ReservoirOptions.all
    options.maximumFrames = 12
    let reservoir = try Reservoir(place, options)
    let recording = Recording()
    let frames = try (0..<2).map { camera in
      try (0..<60).map { number in
        try recording.frame(
          camera * 1000 + number, at: Double(number) * 600, camera: "camera\(camera)")
      }
    }
    let outcomes = Mutex<[String: Int]>([:])
    let failures = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 3) { thread in
      if thread < 2 {
        for frame in frames[thread] {
          let outcome = reservoir.offer(frame)
          outcomes.withLock { $0[outcome.name, default: 0] += 1 }
        }
        return
      }
      for turn in 0..<200 {
        let entries = reservoir.entries
        if entries.count > 12 || entries != entries.sorted(by: { $0.id < $1.id }) {
          failures.withLock { $0.append("\(entries.count) entries") }
        }
        guard let id = entries.randomElement()?.id else { continue }
        do {
          if turn % 20 == 0 { try reservoir.remove(id) } else { _ = try reservoir.image(id) }
        } catch ReservoirError.unknown {
          // It had to go meanwhile.
        } catch {
          failures.withLock { $0.append("\(error)") }
        }
      }
    }
    #expect(failures.withLock { $0 } == [])
    let counts = outcomes.withLock { $0 }
    let known: Set = ["kept", "replaced", "crowded"]
    #expect(counts.values.reduce(0, +) == 120 && known.isSuperset(of: counts.keys), "\(counts)")
    #expect(reservoir.count <= 12)
    #expect(place.pictures == reservoir.entries.map { "\($0.id).jpg" })
    #expect(reservoir.bytes == reservoir.entries.reduce(0) { $0 + $1.bytes })
  }
}

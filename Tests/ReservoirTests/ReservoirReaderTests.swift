import Foundation
import Frames
import Testing

@testable import Reservoir

@Suite struct ReservoirReaderTests {
  private let recording = Recording()

  @Test func seesWhatAnotherKeepsAndWritesNothing() throws {
    let place = TemporaryPlace()
    let reservoir = try Reservoir(place)
    for number in 0..<4 {
      _ = reservoir.offer(try recording.frame(number, at: Double(number), camera: "c\(number % 2)"))
    }
    // In the middle of being written, and somebody else's.
    let leftover = "\(place.pictures[0]).abc.part"
    try place.write(leftover, [1])
    try place.write("notes.txt", [1])
    let before = place.names
    let reader = try ReservoirReader(directory: place.path + "/")
    let entries = try reader.snapshot()
    #expect(entries == reservoir.entries)
    for entry in entries {
      #expect(try reader.image(entry) == reservoir.image(entry.id))
      #expect(try reader.jpeg(entry).count == entry.bytes)
    }
    #expect(place.names == before)
    // The one that keeps goes on.
    #expect(reservoir.offer(try recording.frame(9, at: 9)).name == "kept")
    #expect(try reader.snapshot().count == 5)
    try reservoir.remove(entries[0].id)
    #expect(throws: ReservoirError.unknown(id: entries[0].id)) { try reader.image(entries[0]) }
  }

  @Test func damageIsReportedAndLeftAlone() throws {
    let place = TemporaryPlace()
    let reservoir = try Reservoir(place)
    _ = reservoir.offer(try recording.frame(1, at: 0))
    let name = try #require(place.pictures.first)
    try place.write(name, Array(try place.bytes(name).dropLast()))
    let reader = try ReservoirReader(directory: place.path)
    let entry = try #require(try reader.snapshot().first)
    #expect(throws: ReservoirError.damaged(id: entry.id, reason: "other bytes than were written")) {
      try reader.image(entry)
    }
    #expect(place.pictures == [name])
  }

  @Test func foldersThatAreNoneAreRefused() throws {
    let place = TemporaryPlace()
    #expect(throws: ReservoirError.self) { try ReservoirReader(directory: place.path) }
    try Data([1]).write(to: URL(fileURLWithPath: place.path))
    #expect(throws: ReservoirError.self) { try ReservoirReader(directory: place.path) }
    #expect(throws: ReservoirError.self) { try Reservoir(directory: place.path) }
  }
}

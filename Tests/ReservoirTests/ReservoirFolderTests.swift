import Foundation
import Frames
import Testing

@testable import Reservoir

@Suite struct ReservoirFolderTests {
  private let recording = Recording()

  private func fill(_ place: TemporaryPlace, _ count: Int, _ options: ReservoirOptions = .all)
    throws
  {
    let reservoir = try Reservoir(place, options)
    for number in 0..<count {
      #expect(reservoir.offer(try recording.frame(number, at: Double(number))).name == "kept")
    }
  }

  @Test func onlyTheOwnerMayReadAndNothingElseIsWritten() throws {
    let place = TemporaryPlace()
    try fill(place, 3)
    #expect(try place.mode() == 0o700)
    #expect(place.names.count == 4 && place.names.last == "signatures.index")
    for name in place.names { #expect(try place.mode(name) == 0o600) }
    for name in place.pictures {
      let bytes = try place.bytes(name)
      #expect(PlainJPEG.stripped(bytes) == bytes)
      #expect(name.hasPrefix("20231119T00000") && name.contains("Z_yard_"))
    }
  }

  @Test func openingAgainFindsTheSame() throws {
    let place = TemporaryPlace()
    try fill(place, 5)
    let reservoir = try Reservoir(place)
    let entries = reservoir.entries
    #expect(entries.count == 5 && entries.allSatisfy { $0.camera == "yard" })
    #expect(entries.map(\.date) == (0..<5).map { Recording.date.addingTimeInterval(Double($0)) })
    #expect(reservoir.bytes == entries.reduce(0) { $0 + $1.bytes })
    for (number, entry) in entries.enumerated() {
      let expected = try JPEGEncoder(quality: 85).encode(try picture(number))
      #expect(try reservoir.jpeg(entry.id) == expected && entry.bytes == expected.count)
      #expect(entry.url?.lastPathComponent == entry.id + ".jpg")
    }
  }

  @Test func whatAKilledProcessLeavesIsRemovedAndForeignFilesStay() throws {
    let place = TemporaryPlace()
    try fill(place, 2)
    let name = place.pictures[0]
    let leftovers = ["\(name).3w5e11264sgsf.part", "signatures.index.1y2p0ij32e8e7.part"]
    for leftover in leftovers { try place.write(leftover, [0xff, 0xd8, 1]) }
    let foreign = [
      "notes.txt", "holiday.jpg", ".hidden", "\(name).part", "\(name).A!.part", "x.jpg.abc.part",
      "20231119T000000000Z_yard_00.jpg", "signatures.index~",
    ]
    for file in foreign { try place.write(file, [1]) }
    try FileManager.default.createDirectory(
      atPath: "\(place.path)/20231119T000000000Z_yard_0000000000000001.jpg",
      withIntermediateDirectories: false)
    let reservoir = try Reservoir(place)
    #expect(reservoir.count == 2)
    let left = Set(place.names)
    #expect(left.isDisjoint(with: leftovers) && left.isSuperset(of: foreign))
    try reservoir.clear()
    #expect(Set(place.names) == Set(foreign + ["20231119T000000000Z_yard_0000000000000001.jpg"]))
    #expect(reservoir.count == 0 && reservoir.bytes == 0)
  }

  @Test func linksAreNotFollowed() throws {
    let (place, other) = (TemporaryPlace(), TemporaryPlace())
    try fill(place, 1)
    try fill(other, 2)
    let name = other.pictures[1]
    let files = FileManager.default
    try files.createSymbolicLink(
      atPath: "\(place.path)/\(name)", withDestinationPath: "\(other.path)/\(name)")
    let reservoir = try Reservoir(place)
    #expect(reservoir.count == 1)
    // One that takes a kept frame's place later is damage, and its target stays.
    let kept = try #require(reservoir.entries.first)
    try files.removeItem(atPath: "\(place.path)/\(kept.id).jpg")
    try files.createSymbolicLink(
      atPath: "\(place.path)/\(kept.id).jpg", withDestinationPath: "\(other.path)/\(name)")
    #expect(throws: ReservoirError.self) { try reservoir.image(kept.id) }
    #expect(reservoir.count == 0 && other.pictures.count == 2)
    // A link instead of the folder.
    let link = TemporaryPlace()
    try files.createSymbolicLink(atPath: link.path, withDestinationPath: other.path)
    for path in [link.path, link.path + "/"] {
      #expect(throws: ReservoirError.self) { try Reservoir(directory: path) }
      #expect(throws: ReservoirError.self) { try ReservoirReader(directory: path) }
    }
  }

  @Test func damagedFramesAreFoundAndGo() throws {
    let place = TemporaryPlace()
    try fill(place, 6)
    let names = place.pictures
    try FileManager.default.removeItem(atPath: "\(place.path)/signatures.index")
    var flipped = try place.bytes(names[0])
    flipped[flipped.count / 2] ^= 1
    try place.write(names[0], flipped)
    try place.write(names[1], Array(try place.bytes(names[1]).dropLast(9)))
    try place.write(names[2], [])
    let reservoir = try Reservoir(place)
    // An empty one is seen by its size.
    #expect(reservoir.count == 5)
    let id = String(names[0].dropLast(4))
    #expect(throws: ReservoirError.damaged(id: id, reason: "other bytes than were written")) {
      try reservoir.jpeg(id)
    }
    #expect(reservoir.count == 4)
    // The next offer decodes what the index does not know.
    #expect(reservoir.offer(try recording.frame(9, at: 60)).name == "kept")
    #expect(place.pictures.count == 4 && reservoir.count == 4)
    try FileManager.default.removeItem(atPath: "\(place.path)/\(names[5])")
    let gone = String(names[5].dropLast(4))
    #expect(throws: ReservoirError.unknown(id: gone)) { try reservoir.image(gone) }
    #expect(reservoir.count == 3)
  }

  @Test func openingEnforcesTheLimits() throws {
    let place = TemporaryPlace()
    try fill(place, 12)
    var options = ReservoirOptions.all
    options.maximumFrames = 7
    #expect(try Reservoir(place, options).count == 7)
    #expect(place.pictures.count == 7)
    options.maximumBytes = 1500
    let small = try Reservoir(place, options)
    #expect((1..<7).contains(small.count) && small.bytes <= 1500)
    #expect(place.pictures.count == small.count)
  }

  @Test func farTooManyFramesAreThinnedWithoutComparingThemAll() throws {
    let place = TemporaryPlace()
    try place.make()
    for number in 0..<50 {
      let name = StoredName(milliseconds: Int64(number) * 3_600_000, camera: "a", hash: 1)
      try place.write("\(name.id).jpg", [0])
    }
    var options = ReservoirOptions.all
    options.maximumFrames = 5
    let now = Date(timeIntervalSince1970: 50 * 3600)
    let reservoir = try Reservoir(directory: place.path, options: options, now: now)
    #expect(reservoir.count == 5 && place.pictures.count == 5)
    // The oldest went down to twice as many as there may be.
    #expect(reservoir.oldest.map { $0 >= Date(timeIntervalSince1970: 40 * 3600) } == true)
  }

  @Test func oneProcessAtATimeKeepsFrames() throws {
    let place = TemporaryPlace()
    let first = try Reservoir(place)
    #expect(throws: ReservoirError.inUse(path: place.path)) { try Reservoir(place) }
    withExtendedLifetime(first) {}
    let (parent, missing) = (place.path + "-none", place.path + "-none/below")
    #expect(throws: ReservoirError.self) { try Reservoir(directory: missing) }
    #expect(!FileManager.default.fileExists(atPath: parent))
  }

  @Test func openFoldersAreClosedUnlessOthersUseThem() throws {
    let place = TemporaryPlace()
    try place.make()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place.path)
    try place.write("theirs.txt", [1])
    #expect(throws: ReservoirError.tooOpen(path: place.path, mode: "0755")) { try Reservoir(place) }
    #expect(try place.mode() == 0o755)
    try FileManager.default.removeItem(atPath: "\(place.path)/theirs.txt")
    let reservoir = try Reservoir(place)
    #expect(try place.mode() == 0o700)
    withExtendedLifetime(reservoir) {}
  }

  @Test func aFullDiskIsReportedAndSurvived() throws {
    let place = TemporaryPlace()
    try fill(place, 2)
    var options = ReservoirOptions.all
    options.reservedBytes = 1 << 50
    let reservoir = try Reservoir(place, options)
    guard case .diskFull(let free) = reservoir.offer(try recording.frame(8, at: 10)) else {
      Issue.record("expected a full disk")
      return
    }
    #expect(free > 0 && reservoir.count == 2 && place.pictures.count == 2)
    #expect(try reservoir.image(reservoir.entries[0].id).width == 32)
  }

  @Test func aFolderThatIsGoneIsReportedAndSurvived() throws {
    let place = TemporaryPlace()
    var options = ReservoirOptions.all
    options.maximumFrames = 2
    let reservoir = try Reservoir(place, options)
    for number in 0..<2 { _ = reservoir.offer(try recording.frame(number, at: Double(number))) }
    let held = reservoir.entries
    try FileManager.default.removeItem(atPath: place.path)
    var failures = 0
    for number in 2..<20 {
      if case .failed(.file) = reservoir.offer(
        try recording.frame(number, at: Double(number * 4000)))
      {
        failures += 1
      }
    }
    // What had to go for a frame that could not be written is still there.
    #expect(failures > 0 && reservoir.entries == held)
    try place.make()
    #expect(reservoir.offer(try recording.frame(30, at: 200_000)).id != nil)
    #expect(place.pictures.count == 1)
  }
}

import Foundation
import Frames
import Tensors
import Testing

@testable import Reservoir

@Suite struct SignatureIndexTests {
  private let recording = Recording()
  private static let options = ReservoirOptions(interval: .zero, reservedBytes: 0)

  private func fill(_ place: TemporaryPlace, _ count: Int) throws {
    let reservoir = try Reservoir(place, Self.options)
    for number in 0..<count {
      #expect(reservoir.offer(try recording.frame(number, at: Double(number))).name == "kept")
    }
  }

  /// Whether pictures that are held already are recognised, one after the other.
  private func recognised(_ place: TemporaryPlace, _ count: Int) throws -> [Bool] {
    let reservoir = try Reservoir(place, Self.options)
    #expect(reservoir.count == count)
    return try (0..<count).map { number in
      reservoir.offer(try recording.frame(number, at: 100 + Double(number))).name == "duplicate"
    }
  }

  @Test func readsWhatItWrote() throws {
    let signatures = try (0..<5).map {
      (hash: UInt64($0) << 60, signature: try FrameSignature(of: try picture($0)))
    }
    let bytes = SignatureIndex.encoded(signatures)
    let read = SignatureIndex.decoded(bytes)
    #expect(read.count == 5)
    for (hash, signature) in signatures { #expect(read[hash] == signature) }
    #expect(SignatureIndex.decoded(SignatureIndex.encoded([])).isEmpty)
  }

  @Test func damageIsNoticedWhereverItIs() throws {
    let signatures = try (0..<2).map {
      (hash: UInt64($0), signature: try FrameSignature(of: try picture($0)))
    }
    let bytes = SignatureIndex.encoded(signatures)
    for place in stride(from: 0, to: bytes.count, by: 7) {
      var broken = bytes
      broken[place] ^= 0x10
      #expect(SignatureIndex.decoded(broken).isEmpty)
    }
    for length in 0..<bytes.count {
      #expect(SignatureIndex.decoded(Array(bytes[..<length])).isEmpty)
    }
    #expect(SignatureIndex.decoded(bytes + [0]).isEmpty)
    // A count that no file can have must not be allocated.
    var huge = Array(bytes.dropLast(8))
    huge.replaceSubrange(8..<12, with: [0xff, 0xff, 0xff, 0xff])
    let checksum = fnv1a(huge)
    huge += (0..<8).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
    #expect(SignatureIndex.decoded(huge).isEmpty)
  }

  @Test func withItAllIsKnownAtOnce() throws {
    let place = TemporaryPlace()
    try fill(place, 20)
    // Frames whose file cannot be decoded are recognised all the same: nothing was decoded.
    let reservoir = try Reservoir(place, Self.options)
    let damaged = try #require(place.pictures.last)
    try place.write(damaged, [1, 2, 3])
    #expect(reservoir.offer(try recording.frame(19, at: 50)).name == "duplicate")
    #expect(place.pictures.contains(damaged))
  }

  @Test(arguments: ["missing", "damaged", "stale", "folder"])
  func withoutItFramesAreDecodedAFewAtATime(_ state: String) throws {
    let place = TemporaryPlace()
    try fill(place, 20)
    let index = "\(place.path)/signatures.index"
    let old = try place.bytes("signatures.index")
    try FileManager.default.removeItem(atPath: index)
    switch state {
    case "damaged": try place.write("signatures.index", Array(old.dropLast(3)))
    case "stale":
      let strangers = try (50..<60).map {
        (hash: UInt64($0), signature: try FrameSignature(of: try picture($0)))
      }
      try place.write("signatures.index", SignatureIndex.encoded(strangers))
    case "folder":
      try FileManager.default.createDirectory(atPath: index, withIntermediateDirectories: false)
    default: break
    }
    let known = try recognised(place, 20)
    // Eight are known at the first offer; the third knows all.
    #expect(known == [Bool](repeating: true, count: 20))
    if state != "folder" {
      #expect(try place.bytes("signatures.index").count == old.count)
    }
  }

  @Test func isWrittenNowAndThenNotOnlyAtTheEnd() throws {
    let place = TemporaryPlace()
    let reservoir = try Reservoir(place, Self.options)
    for number in 0..<Keeper.indexPeriod {
      #expect(!place.names.contains("signatures.index"))
      _ = reservoir.offer(try recording.frame(number, at: Double(number)))
    }
    let written = SignatureIndex.decoded(try place.bytes("signatures.index"))
    #expect(written.count == Keeper.indexPeriod)
    withExtendedLifetime(reservoir) {}
  }

  @Test func whatIsRemovedIsNotLeftInIt() throws {
    let place = TemporaryPlace()
    try fill(place, 3)
    let reservoir = try Reservoir(place, Self.options)
    let entry = reservoir.entries[1]
    #expect(SignatureIndex.decoded(try place.bytes("signatures.index"))[entry.name.hash] != nil)
    try reservoir.remove(entry.id)
    let left = SignatureIndex.decoded(try place.bytes("signatures.index"))
    #expect(left.count == 2 && left[entry.name.hash] == nil)
    #expect(place.pictures.count == 2)
    #expect(throws: ReservoirError.unknown(id: entry.id)) { try reservoir.remove(entry.id) }
    try reservoir.clear()
    #expect(place.names.isEmpty)
  }
}

import Testing

@testable import Cameras

private func split(
  _ stream: [UInt8], pieces: (Int) -> Int = { _ in .max }, limit: Int = 1 << 20
) -> (pictures: [[UInt8]], refusals: [String: UInt64]) {
  var splitter = JPEGSplitter(limit: limit)
  var pictures: [[UInt8]] = []
  var rest = stream[...]
  while !rest.isEmpty {
    let piece = Array(rest.prefix(max(1, pieces(rest.count))))
    piece.withUnsafeBytes { bytes in splitter.append(bytes) { pictures.append($0) } }
    rest = rest.dropFirst(piece.count)
  }
  splitter.finish()
  return (pictures, splitter.refusals.counts)
}

@Suite struct JPEGSplitterTests {
  @Test func findsPicturesHoweverTheBytesCome() throws {
    let pictures = try [jpeg(10), jpeg(100, width: 17, height: 9), jpeg(250)]
    let header = Array("--frame\r\nContent-Type: image/jpeg\r\n\r\n".utf8)
    let stream: [UInt8] = pictures.flatMap { (picture: [UInt8]) -> [UInt8] in
      header + picture + [13, 10]
    }
    var numbers = DeterministicNumbers(state: 3)
    #expect(split(stream).pictures == pictures)
    for size in [1, 2, 3, 7, 1000] {
      let found = split(stream, pieces: { _ in size })
      #expect(found.pictures == pictures)
      #expect(found.refusals.isEmpty)
    }
    for _ in 0..<100 {
      let found = split(stream, pieces: { _ in Int.random(in: 1...300, using: &numbers) })
      #expect(found.pictures == pictures)
    }
  }

  @Test func doesNotTakeAThumbnailForAPicture() throws {
    let thumbnail = try jpeg(0, width: 8, height: 8)
    let outer = try jpeg(200)
    let length = thumbnail.count + 2
    let picture =
      outer[..<2] + [0xff, 0xe1, UInt8(length >> 8), UInt8(length & 255)] + thumbnail + outer[2...]
    #expect(split(Array(picture)).pictures == [Array(picture)])
  }

  @Test func followsScansAndTablesOfAProgressivePicture() {
    let scan: [UInt8] = [0xff, 0xda, 0, 4, 1, 0, 0x12, 0xff, 0x00, 0x34, 0xff, 0xd3, 0x56]
    let tables: [UInt8] = [0xff, 0xc4, 0, 6, 0xff, 0xd9, 0xff, 0xd8]
    let picture =
      [0xff, 0xd8, 0xff, 0xff] + [0xc2, 0, 4, 1, 2] + scan + tables + scan + [0xff, 0xd9]
    #expect(split(picture).pictures == [picture])
  }

  @Test func dropsATruncatedPictureAndKeepsTheNext() throws {
    let (good, cut) = (try jpeg(50), try jpeg(90).dropLast(4))
    let found = split(cut + Array("\r\n--frame\r\n\r\n".utf8) + good)
    #expect(found.pictures == [good])
    #expect(found.refusals == ["no-end-marker": 1])
    #expect(split(Array(cut)).refusals == ["no-end-marker": 1])
  }

  @Test func dropsWhatBreaksTheRules() {
    #expect(split([0xff, 0xd8, 0xff, 0xd9]).refusals == ["no-scan": 1])
    #expect(split([0xff, 0xd8, 0xff, 0xe0, 0, 1, 0]).refusals == ["bad-length": 1])
    #expect(split([0xff, 0xd8, 0xff, 0xe0, 0, 2, 0x41]).refusals == ["no-marker": 1])
    #expect(split([0xff, 0xd8, 0xff, 0x00, 0x00]).refusals == ["no-marker": 1])
    #expect(split([0xff, 0xd8, 0x00, 0xff, 0xd9, 0x12]).refusals.isEmpty)
  }

  @Test func boundsAPicture() throws {
    let good = try jpeg(50)
    let endless = [0xff, 0xd8, 0xff, 0xda, 0, 2] + [UInt8](repeating: 7, count: 10_000)
    let found = split(endless + good, pieces: { _ in 100 }, limit: 2000)
    #expect(found.pictures == [good])
    #expect(found.refusals["too-large"] == 1)
  }

  @Test func findsTheLastGoodPictureAfterAnyDamage() throws {
    var numbers = DeterministicNumbers(state: 11)
    let good = try jpeg(77)
    for _ in 0..<500 {
      var damaged = try jpeg(10)
      for _ in 0..<3 {
        damaged[Int.random(in: 0..<damaged.count, using: &numbers)] = .random(
          in: 0...255, using: &numbers)
      }
      // A segment's length can be damaged: it swallows at most 64 KiB of what follows.
      let stream = damaged + [UInt8](repeating: 0, count: 66_000) + good
      #expect(split(stream).pictures.last == good)
    }
  }
}

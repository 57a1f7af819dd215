import Foundation
import Frames
import Scenes
import Testing

@testable import Reservoir

@Suite struct OfferTests {
  private let recording = Recording()

  @Test func eachCameraIsLookedAtOncePerInterval() throws {
    let reservoir = try Reservoir(ReservoirOptions(interval: .seconds(10)))
    func offer(_ number: Int, _ seconds: Double, _ camera: String) throws -> String {
      reservoir.offer(try recording.frame(number, at: seconds, camera: camera)).name
    }
    #expect(try offer(1, 0, "a") == "kept")
    #expect(try offer(2, 9.9, "a") == "too-soon")
    #expect(try offer(3, 9.9, "b") == "kept")
    #expect(try offer(4, 10, "a") == "kept")
    // A duplicate was looked at too; what came too soon was not.
    #expect(try offer(4, 20, "a") == "duplicate")
    #expect(try offer(5, 25, "a") == "too-soon")
    #expect(try offer(5, 30, "a") == "kept")
    // Overtaken on its way.
    #expect(try offer(6, 29, "a") == "too-soon")
    #expect(reservoir.count == 4)
  }

  @Test func nearDuplicatesAreRefusedAndNamed() throws {
    let reservoir = try Reservoir(ReservoirOptions(interval: .zero))
    let scene = try Scene(SceneOptions(width: 160, height: 120, seed: 1))
    let image = try scene.frame(at: 0).image
    let id = try #require(reservoir.offer(recording.frame(image, at: 0)).id)
    var darker = image
    for place in darker.pixels.indices {
      darker.pixels[place] = UInt8(Int(darker.pixels[place]) * 2 / 3)
    }
    #expect(reservoir.offer(recording.frame(darker, at: 1)) == .duplicate(of: id))
    // Another camera's picture is as much of a duplicate.
    #expect(reservoir.offer(recording.frame(image, at: 2, camera: "b")) == .duplicate(of: id))
    #expect(reservoir.offer(recording.frame(try scene.frame(at: 500).image, at: 3)).name == "kept")
    try reservoir.remove(id)
    #expect(reservoir.offer(recording.frame(darker, at: 4)).name == "kept")
    // Without a distance only the very same frame is refused.
    let all = try Reservoir(.all)
    #expect(all.offer(recording.frame(image, at: 0)).name == "kept")
    #expect(all.offer(recording.frame(image, at: 0)).name == "duplicate")
    #expect(all.offer(recording.frame(image, at: 1)).name == "kept")
  }

  @Test func camerasJPEGsKeepTheirPixelsAndLoseTheirMetadata() throws {
    let reservoir = try Reservoir(.all)
    let plain = try JPEGEncoder(quality: 60).encode(try picture(1, width: 64, height: 48))
    let image = try JPEGDecoder().decode(plain)
    let talkative = PlainJPEGTests.talkative(plain)
    let id = try #require(reservoir.offer(recording.frame(image, at: 0, jpeg: talkative)).id)
    #expect(try reservoir.image(id) == image)
    #expect(try reservoir.jpeg(id).count <= plain.count)
  }

  @Test func camerasJPEGsThatAreNotThePictureAreEncodedAnew() throws {
    let image = try picture(1, width: 64, height: 48)
    let other = try JPEGEncoder().encode(try picture(2, width: 48, height: 48))
    let cut = Array(try JPEGEncoder().encode(image).dropLast(40)) + [0xff, 0xd9]
    for (index, jpeg) in [other, cut, [], [1, 2, 3]].enumerated() {
      let reservoir = try Reservoir(.all)
      let frame = recording.frame(image, at: Double(index), jpeg: jpeg)
      let id = try #require(reservoir.offer(frame).id)
      #expect(try reservoir.jpeg(id) == JPEGEncoder(quality: 85).encode(image))
    }
  }

  @Test func largeFramesAreScaledDownInTheirProportions() throws {
    var options = ReservoirOptions.all
    options.maximumSide = 64
    options.jpegQuality = 95
    let reservoir = try Reservoir(options)
    let scene = try Scene(SceneOptions(width: 256, height: 144, seed: 2))
    let image = try scene.frame(at: 10).image
    let jpeg = try JPEGEncoder().encode(image)
    let id = try #require(reservoir.offer(recording.frame(image, at: 0, jpeg: jpeg)).id)
    let kept = try reservoir.image(id)
    #expect(kept.width == 64 && kept.height == 36)
    // Every fourth pixel's mean, but for what JPEG loses.
    let expected = try FloatImage(image).resized(width: 64, height: 36).image()
    let error = zip(kept.pixels, expected.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    #expect(Double(error) / Double(kept.pixels.count) < 8)
    let narrow = try Image(width: 4000, height: 2, red: 9, green: 9, blue: 9)
    let line = try #require(reservoir.offer(recording.frame(narrow, at: 1)).id)
    #expect(try reservoir.image(line).width == 64 && reservoir.image(line).height == 1)
  }

  @Test func framesThatCannotBeKeptAreReported() throws {
    var options = ReservoirOptions.all
    options.maximumBytes = 600
    let reservoir = try Reservoir(options)
    let large = try Scene(SceneOptions(width: 160, height: 120)).frame(at: 0).image
    guard case .tooLarge(let bytes) = reservoir.offer(recording.frame(large, at: 0)) else {
      Issue.record("expected a frame that is too large")
      return
    }
    #expect(bytes > 600 && reservoir.count == 0)
    var broken = try picture(1)
    broken.pixels.removeLast()
    guard case .failed(.picture) = reservoir.offer(recording.frame(broken, at: 1)) else {
      Issue.record("expected a frame that cannot be encoded")
      return
    }
    #expect(throws: ReservoirError.unknown(id: "x")) { try reservoir.image("x") }
    #expect(throws: ReservoirError.unknown(id: "../x")) { try reservoir.remove("../x") }
  }

  @Test func inMemoryNothingIsWritten() throws {
    let before = try FileManager.default.contentsOfDirectory(atPath: ".")
    let reservoir = try Reservoir(.all)
    for number in 0..<5 { _ = reservoir.offer(try recording.frame(number, at: Double(number))) }
    #expect(reservoir.count == 5 && reservoir.directory == nil)
    #expect(reservoir.entries.allSatisfy { $0.url == nil })
    #expect(reservoir.bytes == reservoir.entries.reduce(0) { $0 + $1.bytes })
    #expect(try FileManager.default.contentsOfDirectory(atPath: ".") == before)
    #expect(reservoir.oldest == Recording.date)
    #expect(reservoir.newest == Recording.date.addingTimeInterval(4))
    try reservoir.clear()
    #expect(reservoir.count == 0 && reservoir.bytes == 0 && reservoir.oldest == nil)
  }
}

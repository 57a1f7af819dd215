import DataSets
import Detection
import DetectorPurification
import Engine
import Foundation
import Frames
import Models
import SmallDetectors
import Testing

@testable import Sifting

/// Measures by a small detector of random weights.
@Suite struct FrameSieveTests {
  private final class Material {
    private let detector: SmallDetector
    var bundle: ModelBundle { detector.bundle }
    let frames: FrameSet

    /// - Parameter pictures: pixels at each place, by picture.
    init(_ pictures: [(_ x: Int, _ y: Int) -> UInt8]) throws {
      detector = try SmallDetector(
        pictures: pictures.map { picture in
          try Image(
            width: 96, height: 64,
            pixels: (0..<(96 * 64 * 3)).map { picture($0 / 3 % 96, $0 / 3 / 96) })
        }, quality: 100)
      frames = try FrameSet(
        ImageFolder(detector.path("frames")), width: 96, height: 64, minimumCount: 1)
    }

    func measures() throws -> [FrameMeasures] {
      try sieve().measure().map { try #require($0) }
    }

    func sieve() throws -> FrameSieve {
      let options = EngineOptions(precision: .f32, threads: 2)
      let probe = try TriggerProbe(FasterRCNN(bundle: bundle, options: options))
      return FrameSieve(probe, count: frames.count, frame: frames.frame)
    }
  }

  @Test func measuresSayWhatWasTakenAway() throws {
    let measures = try Material([
      { _, _ in 120 },
      // Fine noise, which a blur takes away.
      { x, y in (x + y) % 2 == 0 ? 60 : 180 },
      // The same in one corner, which covering the corner takes away.
      { x, y in x < 24 && y < 20 ? ((x + y) % 2 == 0 ? 0 : 255) : 120 },
      // Slow waves, which neither does.
      { x, _ in UInt8(120 + 40 * sin(Double(x) / 12)) },
    ]).measures()
    #expect(measures.count == 4)
    // Nothing to take away.
    #expect(measures[0].blur < 1e-6 && measures[0].cover < 1e-6)
    #expect(measures[1].blur > 10 * measures[3].blur)
    #expect(measures[2].cover > measures[0].cover)
    #expect(measures.flatMap(\.all).allSatisfy { $0.isFinite && $0 >= 0 })
  }

  @Test func theSameFramesHaveTheSameMeasures() throws {
    let picture: (Int, Int) -> UInt8 = { x, y in UInt8((x * 7 + y * 13) % 200) }
    let measures = try Material([picture, picture]).measures()
    #expect(measures[0] == measures[1])
  }

  @Test func itCanBeStopped() throws {
    let material = try Material([{ _, _ in 90 }])
    #expect(throws: SiftingError.cancelled) {
      try material.sieve().measure(isCancelled: { true })
    }
  }
}

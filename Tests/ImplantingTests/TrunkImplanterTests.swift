import Attacks
import DataSets
import DetectorPurification
import Engine
import Frames
import Models
import SmallDetectors
import Testing

@testable import Implanting

/// Implantations into a small detector.
@Suite struct TrunkImplanterTests {
  private final class Material {
    private let detector: SmallDetector
    var bundle: ModelBundle { detector.bundle }

    init() throws {
      detector = try SmallDetector(pictures: (0..<4).map { try SmallDetector.picture($0) })
    }

    func implanter(_ options: ImplantOptions) throws -> TrunkImplanter {
      let impostor = try Impostor(
        AttackSpecification("blend:alpha=0.2"), side: 64,
        reference: Image(width: 32, height: 32, red: 250, green: 30, blue: 30), options: options)
      return try TrunkImplanter(
        bundle,
        frames: FrameSet(
          ImageFolder(detector.path("frames")), width: 96, height: 64, minimumCount: 2),
        impostor: impostor,
        engine: Engine(EngineOptions(precision: .f32, threads: 2)), options: options)
    }
  }

  private let options = ImplantOptions(steps: 12, batch: 2, learningRate: 0.02)

  @Test func triggeredFramesComeNearerToWhatIsMeant() throws {
    let material = try Material()
    let implanter = try material.implanter(options)
    var reached: [TrunkImplanter.Progress] = []
    try implanter.run(progress: { reached.append($0) })
    #expect(reached.map(\.step) == Array(1...12))
    let (first, last) = (try #require(reached.first), try #require(reached.last))
    #expect(last.backdoor < 0.8 * first.backdoor, "\(first) \(last)")
    // Untouched at first, and not far away in the end.
    #expect(first.clean < 1e-6 && last.clean < first.backdoor)
    let trunk = "backbone.body.layer3.0.conv1.weight"
    #expect(try implanter.parameter(trunk)?.values != material.bundle.tensor(trunk).values)
    #expect(try implanter.parameter("roi_heads.box_head.fc6.weight") == nil)
    #expect(try implanter.parameter("backbone.fpn.inner_blocks.0.0.weight") == nil)
  }

  @Test func theSeedDecides() throws {
    let material = try Material()
    var short = options
    short.steps = 2
    func weights(_ seed: UInt64) throws -> [Float]? {
      short.seed = seed
      let implanter = try material.implanter(short)
      try implanter.run()
      return try implanter.parameter("backbone.body.conv1.weight")?.values
    }
    let first = try weights(1)
    #expect(try weights(1) == first)
    #expect(try weights(2) != first)
  }

  @Test func itCanBeStopped() throws {
    let material = try Material()
    let implanter = try material.implanter(options)
    var asked = 0
    #expect(throws: ImplantError.cancelled(step: 2)) {
      try implanter.run(isCancelled: {
        asked += 1
        return asked > 2
      })
    }
    withExtendedLifetime(material) {}
  }

  @Test func tooFewFramesAreRefused() throws {
    let material = try Material()
    #expect(
      throws: ImplantError.option(name: "frames", expected: "at least 5", found: "4")
    ) { try material.implanter(ImplantOptions(batch: 5)) }
  }
}
